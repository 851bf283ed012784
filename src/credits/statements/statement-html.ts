import { formatCredits } from '../../common/money.js';
import { LINE_TITLES } from './line-text.js';
import type { Statement, StatementLine } from './statement.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const STYLE = `
  @page { size: A4; margin: 18mm }
  body { font: 10pt/1.45 system-ui, sans-serif; color: #111; max-width: 180mm; margin: 2em auto }
  @media print { body { margin: 0 } }
  h1 { font-size: 16pt; margin: 0 }
  table { width: 100%; border-collapse: collapse; margin-top: 1.5em }
  thead { display: table-header-group }
  tr { break-inside: avoid }
  th, td { text-align: left; padding: 3pt 4pt; border-bottom: 0.5pt solid #bbb; vertical-align: top }
  .amount { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
  .sum td { font-weight: 600; border-bottom: 1pt solid #111 }
  .note { color: #555; overflow-wrap: anywhere }`;

/** The statement as one page of HTML without scripts or references, made to be printed or saved as PDF. */
export function statementHtml(statement: Statement, email: string): string {
  const { month, isFinal, from, to, openingMicro, closingMicro, lines } = statement;
  const period = `${dateOf(from)} to ${dateOf(to - 1)} (UTC)${isFinal ? '' : ', not yet closed'}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Statement ${month}</title><style>${STYLE}</style></head><body>
<h1>Statement ${month}</h1>
<p>${escape(email)}<br>${period}<br>1 credit = 1 USD</p>
<table><thead><tr><th>Date</th><th>What</th><th class="amount">Credits</th></tr></thead><tbody>
${sumRow('Opening balance', openingMicro)}
${lines.map(lineRow).join('\n')}
${sumRow('Closing balance', closingMicro)}
</tbody></table></body></html>
`;
}

function lineRow({ code, firstAt, lastAt, reference, reason, amountMicro }: StatementLine): string {
  const [first, last] = [dateOf(firstAt), dateOf(lastAt)];
  const date = first === last ? first : `${first} to ${last}`;
  const notes = [code === 'request_usage' ? null : reference, reason].filter((note) => note !== null);
  const note = notes.length > 0 ? `<br><span class="note">${escape(notes.join(': '))}</span>` : '';
  return `<tr><td>${date}</td><td>${LINE_TITLES[code]}${note}</td>${amountCell(amountMicro)}</tr>`;
}

function sumRow(title: string, micro: number): string {
  return `<tr class="sum"><td></td><td>${title}</td>${amountCell(micro)}</tr>`;
}

const amountCell = (micro: number): string => `<td class="amount">${formatCredits(micro)}</td>`;
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]);
