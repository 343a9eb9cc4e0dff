// The rate of the last minute as a small line beside the total; the number next to it says the same in digits.

const POINTS = 60;
const HEIGHT = 24;

export function mountSpark(root, store) {
  const svg = root.querySelector('#rate-spark');
  const rates = [];
  store.on('link', ({ phase }) => {
    if (phase !== 'live') return;
    rates.push(store.get('counts')?.rates?.usersPerSecond ?? 0);
    if (rates.length > POINTS) rates.shift();
    draw(svg, rates);
  });
}

function draw(svg, rates) {
  const line = rates.length > 1 && Math.max(...rates) > 0 ? linePath(rates) : '';
  svg.querySelector('.spark__line').setAttribute('d', line);
  svg.querySelector('.spark__area').setAttribute('d', line && `${line}V${HEIGHT}H${POINTS - rates.length}Z`);
}

/** The newest rate sits at the right edge, the highest one at the top. */
function linePath(rates) {
  const top = Math.max(...rates);
  const points = rates.map((rate, i) => `${POINTS - rates.length + i},${(HEIGHT * (1 - rate / top)).toFixed(2)}`);
  return `M${points.join('L')}`;
}
