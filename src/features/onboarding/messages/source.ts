/** Adding a source of usage, and its secret, which is shown once. Pure. */
import {
  actions,
  button,
  context,
  escapeText,
  type Modal,
  modal,
  section,
} from "../../../slack/blocks.ts";
import { choice, type FormContent, form, text } from "./fields.ts";
import { OPEN_ACTION, SOURCE_VIEW } from "./names.ts";

export function sourceForm({ origin, values, note }: FormContent): Modal {
  return form({
    callbackId: SOURCE_VIEW,
    title: "Add a source",
    submit: "Add",
    origin,
    note,
    blocks: [
      section(
        "A source is an app, a gateway or a fleet that reports what it uses. It gets a secret of its own, which you see once.",
      ),
      text({
        id: "name",
        label: "Name",
        values,
        hint: "Lower-case letters, digits and dashes, such as checkout-api",
      }),
      choice({
        id: "trust",
        label: "Believe what it says about team and project",
        values,
        choices: [
          { value: "yes", text: "Yes: we run it ourselves" },
          { value: "no", text: "No: by keys and people only" },
        ],
        initial: "yes",
      }),
    ],
  });
}

/** A secret, shown this once, with all that is needed to try it. */
export function secretModal(of: {
  readonly source: string;
  readonly secret: string;
  readonly maySign: boolean;
}): Modal {
  const { source, secret, maySign } = of;
  const curl = `export CLAUDE_SPEND_URL=https://your-host.example
export CLAUDE_SPEND_SECRET='${secret}'

curl "$CLAUDE_SPEND_URL/v1/usage" \\
  -H "Authorization: Bearer $CLAUDE_SPEND_SECRET" \\
  -H 'Content-Type: application/json' \\
  -d '{"event_id": "first-1", "occurred_at": "'"$(date -u +%FT%TZ)"'",
       "model": "claude-opus-5-5", "user_email": "you@example.com",
       "usage": {"input_tokens": 1000, "output_tokens": 800}}'`;
  return modal({
    callbackId: "setup_secret",
    title: "Copy the secret now",
    blocks: [
      section(`Source *${escapeText(source)}* is ready. Its secret is shown only here and now:`),
      section(`\`\`\`\n${secret}\n\`\`\``),
      section('Try it from any shell, with the address of this bot. It answers `"accepted":1`:'),
      section(
        `\`\`\`\n${curl.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")}\n\`\`\``,
      ),
      context(
        `It is a bearer token${maySign ? " and signs webhooks (Standard Webhooks)" : ""}. Claude Code, gateways and SDKs: docs/sources.md.`,
      ),
      actions([
        button({
          actionId: OPEN_ACTION,
          text: "I have copied it",
          value: "back",
          style: "primary",
        }),
      ]),
    ],
  });
}
