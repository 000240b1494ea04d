/** The entry of the page: draws the client and starts the session. */
import { render } from "preact";
import { App } from "./client/app.tsx";
import { start } from "./model/session.ts";

const root = document.getElementById("root");
if (root !== null) render(<App />, root);
void start();
