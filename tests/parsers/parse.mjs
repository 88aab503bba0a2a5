// Reads mails with npm's mailparser: each comes with its length on a line before it.
import { simpleParser } from "mailparser";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
let rest = Buffer.concat(chunks);
while (rest.length) {
  const end = rest.indexOf(10);
  const size = Number(rest.subarray(0, end).toString());
  const data = rest.subarray(end + 1, end + 1 + size);
  rest = rest.subarray(end + 1 + size);
  const mail = await simpleParser(data, { skipTextToHtml: true, skipHtmlToText: true });
  const to = mail.to.value[0];
  console.log(JSON.stringify({
    name: to.name.replace(/[ \t\r\n]+/g, " ").replace(/^ | $/g, ""),
    address: to.address,
    subject: (mail.subject ?? "").replace(/[ \t\r\n]+/g, " ").replace(/^ | $/g, ""),
    text: mail.text.replace(/\r\n/g, "\n").replace(/You get this[^]*/, ""),
    sender: mail.from.value[0].name.replace(/[ \t\r\n]+/g, " ").replace(/^ | $/g, ""),
    bcc: mail.headers.has("bcc"),
    parts: (mail.text ? 1 : 0) + (mail.html ? 1 : 0),
  }));
}
