/** Values for property tests that more than one feature meets: names as people and attackers write them. */
import fc from "fast-check";
import { type Usd, usd } from "../../src/domain/money.ts";

/** Mentions, markup, emoji, right-to-left, control characters, halves of pairs, empty and very long. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "<!channel>",
    "<!HERE|x>",
    "<!subteam^S1>",
    "<@U0EVIL00000>",
    "<#C0EVIL00000>",
    "<https://evil.test|click>",
    "<mailto:eve@evil.test|Bo>",
    "<!date^0^{date}|now>",
    "a < b > c",
    "*b* _i_ ~s~ `c` ```p```",
    "👩‍👩‍👧‍👦".repeat(40),
    "فريق البحث",
    "\u202Egnp.exe",
    "a\u0000b\u001B[31m",
    "\uD83D",
    "line\nbreak\r\n",
    "&amp;&lt;&",
    "x".repeat(200),
    "&".repeat(4_000),
    "W".repeat(20_000),
  ),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 200 }),
);

/** Any amount up to a quadrillion dollars, corrections below zero included. */
export const anyUsd: fc.Arbitrary<Usd> = fc
  .bigInt({ min: -(10n ** 27n), max: 10n ** 27n })
  .map(usd);
