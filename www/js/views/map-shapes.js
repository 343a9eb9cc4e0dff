// The shapes of the world map as SVG: world-atlas through d3-geo, once.

import { loadScript } from '../watch.js';
import { CODE_OF_SHAPE } from './map-codes.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 960;
const HEIGHT = 450;
const ANTARCTICA = '010';
const LIBRARIES = ['/vendor/d3-array-3.2.5/d3-array.min.js', '/vendor/d3-geo-3.1.2/d3-geo.min.js',
  '/vendor/topojson-client-3.1.0/topojson-client.min.js'];

/** Puts the map into a box: code of the country → its paths. */
export async function drawWorld(box) {
  const [atlas] = await Promise.all([readAtlas(), loadInOrder()]);
  const countries = topojson.feature(atlas, atlas.objects.countries).features.filter(({ id }) => id !== ANTARCTICA);
  const world = { type: 'FeatureCollection', features: countries };
  const outline = d3.geoPath(d3.geoNaturalEarth1().fitExtent([[1, 1], [WIDTH - 1, HEIGHT - 1]], world)).digits(1);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'World map of the users by country; the table below has the numbers');
  const shapes = new Map();
  for (const country of countries) svg.append(pathOf(country, outline, shapes));
  box.append(svg);
  return shapes;
}

function pathOf(country, outline, shapes) {
  const path = document.createElementNS(SVG, 'path');
  const code = CODE_OF_SHAPE.get(country.id);
  path.setAttribute('d', outline(country) ?? '');
  path.setAttribute('class', 'map__country');
  path.dataset.level = 0;
  path.dataset.name = country.properties.name;
  if (code) {
    path.dataset.code = code;
    shapes.set(code, [...(shapes.get(code) ?? []), path]);
  }
  return path;
}

async function readAtlas() {
  const response = await fetch('/vendor/world-atlas-2.0.2/countries-110m.json');
  if (!response.ok) throw new Error('The map could not be loaded.');
  return response.json();
}

/** Each adds to what the one before has put there. */
async function loadInOrder() {
  for (const library of LIBRARIES) await loadScript(library);
}
