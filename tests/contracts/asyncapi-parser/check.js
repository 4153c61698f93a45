// Say as JSON what AsyncAPI's own parser finds wrong with a file, and which messages it reads.
import { Parser, fromFile } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const found = diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, where: path.join("/") }));
const payloads = document ? document.allMessages().all().map((message) => message.payload().title() ?? null) : [];
console.log(JSON.stringify({ read: Boolean(document), found, payloads }));
