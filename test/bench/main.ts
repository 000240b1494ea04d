/** Every benchmark, one after the other. */
import { benchIngest } from "./ingest.ts";

process.env["TZ"] = "UTC";
await benchIngest();
