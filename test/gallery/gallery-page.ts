/** The page that lists the pictures, by chapter and name. */
import { type Chapter, type Entry, VARIANTS } from "./entry.ts";

/** The beginning of its pictures' file names, the same in every run. */
export function pictureName(chapter: Pick<Chapter, "name">, entry: Pick<Entry, "name">): string {
  return `${chapter.name} ${entry.name}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

export function galleryPage(chapters: readonly Chapter[]): string {
  const list = chapters.map(({ name }) => `<a href="#${name}">${escapeHtml(name)}</a>`).join(" ");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Claude Spend: gallery</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:110rem;padding:1rem;color-scheme:light dark}
nav{position:sticky;top:0;padding:.5rem 0;background:Canvas}
figure{display:grid;grid-template-columns:repeat(4,auto);gap:1rem;align-items:start;justify-content:start;margin:0 0 2rem}
img{max-width:100%;border:1px solid GrayText;border-radius:.3rem}
</style>
<h1>Claude Spend</h1>
<nav>${list}</nav>
${chapters.map(chapterHtml).join("\n")}
</html>
`;
}

function chapterHtml(chapter: Chapter): string {
  const entries = chapter.entries.map((entry) => {
    const images = VARIANTS.map((variant) => {
      const alt = `${entry.name}, ${variant.replace("-", ", ")}`;
      const file = `pictures/${pictureName(chapter, entry)}-${variant}.png`;
      return `<a href="${file}"><img loading="lazy" src="${file}" alt="${escapeHtml(alt)}"></a>`;
    });
    return `<h3>${escapeHtml(entry.name)}</h3>\n<figure>${images.join("")}</figure>`;
  });
  return `<h2 id="${chapter.name}">${escapeHtml(chapter.name)}</h2>\n${entries.join("\n")}`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
