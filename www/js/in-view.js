// Drawing what nobody sees costs as much as drawing what somebody does. A card that is off screen gets what is new when
// it comes near, and one of those that wait gets it once a second, changes or none, so that a reader who doesn't scroll
// (a search in the page, a screen reader) finds nothing old either.

const ONE_UNSEEN_EACH = 900;
/** As far as a flick of a finger goes before the next frame. */
const NEAR = { rootMargin: '200px' };
const waiting = [];
const offers = new WeakMap();
let lastUnseen = -Infinity;
let observer;

/**
 * @template T
 * @param {Element} card
 * @param {(value: T) => void} show
 * @returns {(value: T) => void} takes a new value: shown at once in sight and the first time, else a little later
 */
export function whenSeen(card, show) {
  const offer = { show, seen: true, shown: false, value: undefined, pending: false };
  offers.set(card, [...(offers.get(card) ?? []), offer]);
  observer ??= new IntersectionObserver(look, NEAR);
  observer.observe(card);
  return (value) => {
    offer.value = value;
    if (offer.seen || !offer.shown) return put(offer);
    if (!offer.pending) waiting.push(offer);
    offer.pending = true;
    return showOneUnseen();
  };
}

function look(entries) {
  for (const { target, isIntersecting } of entries) {
    for (const offer of offers.get(target)) {
      offer.seen = isIntersecting;
      if (offer.seen && offer.pending) put(offer);
    }
  }
}

function put(offer) {
  if (offer.pending) waiting.splice(waiting.indexOf(offer), 1);
  offer.pending = false;
  offer.shown = true;
  offer.show(offer.value);
}

/** Whoever waits longest, if it is time for one; also called once a second, for when no more values come. */
export function showOneUnseen() {
  const now = performance.now();
  if (waiting.length === 0 || now - lastUnseen < ONE_UNSEEN_EACH) return;
  lastUnseen = now;
  put(waiting[0]);
}
