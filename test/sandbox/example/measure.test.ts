import { test } from "vitest";
import { addMs, DAY_MS, instant } from "../../../src/domain/time.ts";
import { exampleUsage } from "../../../src/sandbox/example/usage.ts";
import { aStory, dollars, priced } from "./priced-example.ts";

test("measure", () => {
  for (const told of ["2026-11-23T10:00:00Z", "2027-03-01T00:10:00Z"]) {
    const story = aStory(told);
    let t = performance.now();
    const all = [
      ...exampleUsage({ story, from: addMs(story.toldAt, -90 * DAY_MS), to: story.toldAt }),
    ];
    console.log("count", all.length, "ms", performance.now() - t, JSON.stringify(all).length);
    const p = all.map((e) => priced(e, story.toldAt));
    for (const m of [3, 2, 1]) {
      const w = p.filter(
        ({ event }) =>
          event.occurredAt >= addMs(story.toldAt, -m * 30 * DAY_MS) &&
          event.occurredAt < addMs(story.toldAt, -(m - 1) * 30 * DAY_MS),
      );
      console.log(
        m,
        w.length,
        dollars(w),
        ["search", "support", "platform", undefined]
          .map((t) => [t, dollars(w.filter((x) => x.team === t)).toFixed(0)].join())
          .join(" "),
      );
    }
    const by = new Map<string, any[]>();
    for (const x of p.filter(
      ({ event }) => event.occurredAt >= addMs(story.toldAt, -30 * DAY_MS),
    )) {
      const k = x.event.userEmail ?? x.event.apiKeyId ?? "?";
      by.set(k, [...(by.get(k) ?? []), x]);
    }
    for (const [k, v] of by) console.log(k, v.length, dollars(v).toFixed(1));
    const days = new Map<string, any[]>();
    for (const x of p) {
      const k = x.event.occurredAt.toISOString().slice(0, 10);
      days.set(k, [...(days.get(k) ?? []), x]);
    }
    console.log(
      [...days]
        .slice(-21)
        .map(
          ([k, v]) =>
            `${k} ${v.length} org ${dollars(v).toFixed(0)} search ${dollars(v.filter((x) => x.team === "search")).toFixed(0)} plat ${dollars(v.filter((x) => x.team === "platform")).toFixed(0)} bo ${dollars(v.filter((x) => x.event.userEmail?.startsWith("bo@"))).toFixed(1)}`,
        )
        .join("\n"),
    );
    const ep = [...exampleUsage({ story, from: story.toldAt, to: addMs(story.toldAt, 200_000) })]
      .filter((e) => !e.event_id.includes("T"))
      .map((e) => priced(e, story.toldAt));
    console.log(
      "episode",
      ep.length,
      dollars(ep),
      dollars(ep.filter((x) => x.event.userEmail !== undefined)),
    );
  }
});
