/** What the demo says when it is ready. */

/** For the one who just started it: where to look, what to type, what to send. */
export function demoWelcome(demo: {
  readonly url: string;
  readonly dataDir: string;
  readonly ingestSecret: string;
  readonly apiToken: string;
  readonly runawayPath: string;
}): string {
  const { url, dataDir, ingestSecret, apiToken, runawayPath } = demo;
  return `
Claude Spend runs on one machine, with stand-ins for Slack and Anthropic.

  Open ${url} and look around as Bo (engineer), Ana (owner of Search) or Dana (finance, admin).
  In any channel type  /claude-spend  ·  /claude-spend search  ·  /claude-spend raise search
  Alerts of every kind arrive by themselves within three minutes, in #finops, #team-search, #team-platform and Bo's direct messages;
  in #finops also the daily digest, in Ana's direct messages a request for a higher limit at Anthropic. A script of Bo's runs away when you say so:
    curl -X POST ${url}${runawayPath}

  Send an event yourself:
    curl ${url}/v1/usage -H 'authorization: Bearer ${ingestSecret}' \\
      -d '{"event_id":"mine-1","occurred_at":"'$(date -u +%FT%TZ)'","model":"claude-opus-5-5","team":"search","usage":{"input_tokens":1000,"output_tokens":800}}'
  Read:
    curl '${url}/v1/spend?scope=team:search&group_by=model' -H 'authorization: Bearer ${apiToken}'

Ctrl-C stops everything. The data stays in ${dataDir}; npm run demo -- --fresh begins anew.
`;
}
