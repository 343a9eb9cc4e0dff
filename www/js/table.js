// The table behind a chart: in a <details>, made when it is opened and kept up to date while it is.

import { element, setText } from './dom.js';

/**
 * @param {HTMLDetailsElement} details has a .behind__scroll
 * @param {() => {caption: string, head: string[], rows: string[][]}} read what is to be shown; the first cell of a
 *     row names it
 * @returns {() => void} shows anew, if the table is open
 */
export function tableBehind(details, read) {
  const box = details.querySelector('.behind__scroll');
  const show = () => {
    if (!details.open) return;
    const { caption, head, rows } = read();
    const table = box.querySelector('table') ?? box.appendChild(emptyTable(head));
    setText(table.caption, caption);
    fill(table.tBodies[0], rows);
  };
  details.addEventListener('toggle', show);
  return show;
}

function emptyTable(head) {
  const table = element('table', 'numbers');
  table.append(element('caption', 'visually-hidden'), element('thead'), element('tbody'));
  const row = element('tr');
  row.append(...head.map((text) => {
    const cell = element('th', '', text);
    cell.scope = 'col';
    return cell;
  }));
  table.tHead.append(row);
  return table;
}

/** Rows are used again, so that an open table does not lose the reader's place. */
function fill(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, at) => {
    const row = body.rows[at] ?? body.appendChild(emptyRow(cells.length));
    cells.forEach((text, column) => setText(row.cells[column], text));
  });
}

function emptyRow(columns) {
  const row = element('tr');
  for (let column = 0; column < columns; column += 1) row.append(element(column ? 'td' : 'th'));
  row.cells[0].scope = 'row';
  return row;
}
