// Parse Dictionaries with the npm package structured-headers. A JSON array of values on stdin; on stdout, for
// each, null where it is refused, else an object of the members: which Token they are, or "other".
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { parseDictionary, Token } = await import(pathToFileURL(process.argv[2]));
const shown = (value) => (value instanceof Token ? `token ${value.toString()}` : "other");
const read = (text) => {
  try {
    return Object.fromEntries([...parseDictionary(text)].map(([key, [value]]) => [key, shown(value)]));
  } catch {
    return null;
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
