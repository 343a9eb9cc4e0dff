// What the server will say to a field's value, said before it is asked: the same rules in the same words
// (lib/profile_fields.c). The server has the last word.

export const FIELDS = ['name', 'email', 'phoneNumber', 'gender', 'country', 'avatar', 'userName'];

export const LABELS = {
  name: 'Name', email: 'E-mail', phoneNumber: 'Phone', gender: 'Gender', country: 'Country', avatar: 'Picture',
  userName: 'User name',
};
const REQUIRED = new Set(['name', 'email', 'phoneNumber', 'gender']);
const LOCAL = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const CONTROL = /[\u0000-\u001f\u007f]/;

const length = (text) => [...text].length;

function checkText(text, max) {
  if (length(text) > max) return `is longer than ${max} characters`;
  return CONTROL.test(text) ? 'has a control character' : '';
}

function checkEmail(text) {
  if (text.length > 254) return 'is longer than 254 bytes';
  if (/[^\u0000-\u007f]/.test(text)) return 'has a character beyond ASCII; write an international domain as xn--…';
  const [local, ...rest] = text.toLowerCase().split('@');
  const domain = rest.join('@');
  if (!LOCAL.test(local) || !domain.split('.').every((label) => LABEL.test(label))) return 'is no e-mail address';
  return domain === 'people.example' ? 'is of people.example, which belongs to generated users' : '';
}

function checkPhone(text) {
  if (text.length < 4 || text.length > 32) return 'must have 4 to 32 characters';
  if (!/^[\d +\-.()/#x]*$/.test(text)) return 'may have digits, blanks and + - . ( ) / # x only';
  return text.replace(/\D/g, '').length < 3 ? 'must have at least 3 digits' : '';
}

function checkAvatar(text) {
  const host = /^https?:\/\//i.exec(text);
  if (!host) return 'must begin with http:// or https://';
  if (text.length > 1024) return 'is longer than 1024 characters';
  if (/[^\u0021-\u007e]|["<>\\^`{|}]/.test(text)) return 'has a character that must be written as %XX in a URL';
  return /^[a-z0-9[]/i.test(text.slice(host[0].length)) ? '' : 'has no host';
}

const CHECKS = {
  name: (text) => checkText(text, 256),
  userName: (text) => checkText(text, 64),
  email: checkEmail,
  phoneNumber: checkPhone,
  gender: (text) => (['male', 'female', 'other'].includes(text) ? '' : 'must be male, female or other'),
  country: () => '',
  avatar: checkAvatar,
};

/** What is wrong with a field's value, as a sentence; '' when nothing is. */
export function check(field, text) {
  if (text === '') return REQUIRED.has(field) ? `${LABELS[field]} is missing` : '';
  const fault = CHECKS[field](text);
  return fault && `${LABELS[field]} ${fault}`;
}

/** A sentence of the server's, which begins with the name of the field, with the word that the form has for it. */
export function inFormWords(field, message) {
  return message.startsWith(`${field} `) ? `${LABELS[field] ?? field}${message.slice(field.length)}` : message;
}
