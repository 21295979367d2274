// Read feeds with npm packages: `parse_feed.mjs FOLDER atom|json` reads one on stdin.
import { createRequire } from "node:module";
const [folder, form] = process.argv.slice(2);
const load = createRequire(folder + "/");
let text = "";
for await (const piece of process.stdin) text += piece;
if (form === "atom") {
  const { parseFeed } = load("@rowanmanning/feed-parser");
  const feed = parseFeed(text);
  const items = feed.items.map((i) => ({ id: i.id, title: i.title, url: i.url, updated: i.updated, content: i.content }));
  console.log(JSON.stringify({ type: feed.meta.type, version: feed.meta.version, title: feed.title, self: feed.self, url: feed.url, items }));
} else {
  const convert = load("jsonfeed-to-atom");
  // It knows version 1 alone, of which 1.1 is an extension.
  console.log(convert({ ...JSON.parse(text), version: "https://jsonfeed.org/version/1" }));
}
