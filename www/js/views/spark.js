// The rate of the last minute as a small line beside the total; the number next to it says the same in digits.

const MOST = 60;
const FEWEST = 6;
const WIDTH = 59;
const HEIGHT = 24;

export function mountSpark(root, store) {
  const svg = root.querySelector('#rate-spark');
  const rates = [];
  store.on('link', ({ phase }) => {
    if (phase !== 'live') return;
    rates.push(store.get('counts')?.rates?.usersPerSecond ?? 0);
    if (rates.length > MOST) rates.shift();
    draw(svg, rates);
  });
}

function draw(svg, rates) {
  const line = rates.length >= FEWEST && Math.max(...rates) > 0 ? linePath(rates) : '';
  svg.querySelector('.spark__line').setAttribute('d', line);
  svg.querySelector('.spark__area').setAttribute('d', line && `${line}V${HEIGHT}H0Z`);
}

/** What there is takes the whole width: the newest rate at the right edge, the highest at the top. */
function linePath(rates) {
  const top = Math.max(...rates);
  const gap = WIDTH / (rates.length - 1);
  const points = rates.map((rate, i) => `${(i * gap).toFixed(2)},${(HEIGHT * (1 - rate / top)).toFixed(2)}`);
  return `M${points.join('L')}`;
}
