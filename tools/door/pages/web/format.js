// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them.

const UNITS = [
    ['year', 31557600000],
    ['month', 2629800000],
    ['day', 86400000],
    ['hour', 3600000],
    ['minute', 60000],
    ['second', 1000],
];

export function count(n, one, many = one + 's') {
    return `${number(n)} ${Number(n) === 1 ? one : many}`;
}

export function number(n) {
    return Number(n).toLocaleString('en-GB');
}

// "3 minutes"; what is under a second is "a moment".
export function span(ms) {
    const size = Math.abs(ms);
    for (const [name, each] of UNITS) {
        if (size >= each) {
            return count(Math.floor(size / each), name);
        }
    }
    return 'a moment';
}

export const ago = (ms) => `${span(ms)} ago`;

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const MINUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export const day = (ms) => DAY.format(new Date(ms));
export const minute = (ms) => MINUTE.format(new Date(ms));

export function percent(part) {
    const value = part * 100;
    return `${value === 100 || value === 0 ? value : value.toFixed(value > 99 ? 2 : 1)} %`;
}

// A long identifier with its middle left out; the whole stands in the title.
export function brief(id) {
    return id.length > 20 ? `${id.slice(0, 12)}…${id.slice(-4)}` : id;
}
