// The order of the cards: the reader's own, kept in the browser. What is new on the page since then comes where the
// page has it.

const KEY = 'headcount.order';
const root = document.documentElement;

export const cardsOf = (main) => [...main.querySelectorAll(':scope > [data-card]')];
const nameOf = (card) => card.dataset.card;

let served = [];

/** Puts the cards into the kept order, and shows them (js/boot.js hid them until now). */
export function restoreOrder(main) {
  served = cardsOf(main).map(nameOf);
  const order = stored();
  if (order) putInOrder(main, merged(order));
  delete root.dataset.ordering;
}

/** What was kept, if it is what this page keeps: a list of names. Else nothing. */
function stored() {
  try {
    const order = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(order) && order.every((name) => typeof name === 'string') ? order : null;
  } catch {
    return null;
  }
}

/** Kept names that still exist, and each unknown one after its neighbour of the page. */
function merged(order) {
  const result = [...new Set(order.filter((name) => served.includes(name)))];
  served.forEach((name, at) => {
    if (!result.includes(name)) result.splice(at ? result.indexOf(served[at - 1]) + 1 : 0, 0, name);
  });
  return result;
}

function putInOrder(main, names) {
  const cards = new Map(cardsOf(main).map((card) => [nameOf(card), card]));
  main.append(...names.map((name) => cards.get(name)));
}

export function keepOrder(main) {
  const order = cardsOf(main).map(nameOf);
  try {
    if (order.join() === served.join()) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(order));
  } catch {
    // Storage is forbidden here: the order lasts as long as the page.
  }
}

/** Back to how the page came. */
export function resetOrder(main) {
  putInOrder(main, served);
  keepOrder(main);
}
