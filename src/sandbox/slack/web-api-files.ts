/** The `files.*` methods of an upload: an address for the content, and its completion. */
import { z } from "zod";
import { UPLOAD_PATH } from "./files.ts";
import { newId, newSecret } from "./state.ts";
import { done, jsonArgument, method, refuse } from "./web-api-method.ts";

const ALT_TEXT_CHARS_MAX = 1000;
const FILES_MAX = 10;

const completed = z
  .array(z.object({ id: z.string(), title: z.string().optional() }))
  .min(1)
  .max(FILES_MAX);

export const fileMethods = {
  "files.getUploadURLExternal": method(
    ["files:write"],
    z.object({
      filename: z.string().min(1),
      length: z.coerce.number().int().min(1),
      alt_txt: z.string().max(ALT_TEXT_CHARS_MAX).optional(),
      alt_text: z.string().max(ALT_TEXT_CHARS_MAX).optional(),
      snippet_type: z.string().optional(),
    }),
    (slack, args) => {
      const id = newId("F");
      const secret = newSecret();
      slack.state.files.set(id, {
        id,
        name: args.filename,
        title: args.filename,
        altText: args.alt_text ?? args.alt_txt ?? "",
        length: args.length,
        content: null,
        readyAt: null,
      });
      slack.state.uploads.set(secret, id);
      return done({ upload_url: `${slack.baseUrl()}${UPLOAD_PATH}${secret}`, file_id: id });
    },
  ),

  /** Without a channel: the file stays the bot's own until a message of its shows it. */
  "files.completeUploadExternal": method(
    ["files:write"],
    z.object({ files: jsonArgument, channel_id: z.string().optional() }),
    (slack, args) => {
      const parsed = completed.safeParse(args.files);
      if (!parsed.success) return refuse("invalid_arguments");
      if (args.channel_id !== undefined) {
        // Posting by upload would be a second way to post, with rules of its own.
        return refuse("invalid_channel");
      }
      const files = parsed.data.map(({ id, title }) => ({
        file: slack.state.files.get(id),
        title,
      }));
      const isComplete = files.every(
        ({ file }) => file !== undefined && file.content !== null && file.readyAt === null,
      );
      if (!isComplete) return refuse("file_not_found");
      return done({
        files: files.flatMap(({ file, title }) => {
          if (file === undefined) return [];
          const readyAt = slack.now() + slack.fileProcessingMs;
          const kept = { ...file, title: title ?? file.name, readyAt };
          slack.state.files.set(file.id, kept);
          return [{ id: kept.id, name: kept.name, title: kept.title, mimetype: "" }];
        }),
      });
    },
  ),
} as const;
