// A user's picture: initials on a colour that belongs to the user for life. Nothing is fetched from another host:
// no setting of the server allows pictures from elsewhere, and its content policy forbids them.

import { hueOf, setText } from '../dom.js';
import { initials } from '../format.js';

export function drawAvatar(avatar, name, id) {
  const hue = String(hueOf(id));
  setText(avatar, initials(name));
  if (avatar.dataset.hue === hue) return;
  avatar.dataset.hue = hue;
  avatar.style.setProperty('--hue', hue);
}
