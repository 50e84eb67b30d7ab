// SPDX-License-Identifier: Apache-2.0
//
// Turns one GeoJSON FeatureCollection of earthquakes into newline-delimited JSON, one object a row.
//
// A feed is one document: a table needs one object per row. The transformation is deterministic (the
// order of the feed is kept, the order of keys is fixed, nothing depends on clock, zone or locale), so
// `fetch` can pin the hash of each result. It changes representation only, never a fact:
//   * times, milliseconds since 1970 in the feed, become text in UTC, "2018-02-07 01:26:13.840", the
//     form that readers of SQL timestamps take without a hint;
//   * `tsunami`, 0 or 1 in the feed, becomes false or true;
//   * the point's coordinates become `longitude`, `latitude`, `depth`;
//   * the comma-framed lists `ids` and `sources` become the rows of `solution_contributors`.
// Left out, because they repeat other fields or lead out of the data: url, detail, title, types.
//
// usage: node derive.mjs <feed.json> <folder for the results>

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [feedPath, outFolder] = process.argv.slice(2);
if (!feedPath || !outFolder) {
    console.error('usage: node derive.mjs <feed.json> <folder for the results>');
    process.exit(2);
}

const utc = (milliseconds) => new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '');
const split = (framed) => framed.split(',').filter((item) => item !== '');

function earthquake({ id, properties: p, geometry: { coordinates } }) {
    const [longitude, latitude, depth] = coordinates;
    return {
        id, time: utc(p.time), updated: utc(p.updated), tz: p.tz,
        mag: p.mag, magType: p.magType, place: p.place, type: p.type, status: p.status,
        alert: p.alert, tsunami: p.tsunami === 1, sig: p.sig, mmi: p.mmi, net: p.net, code: p.code,
        longitude, latitude, depth,
    };
}

function feltReport({ id, properties: p }) {
    return { id, felt: p.felt, cdi: p.cdi };
}

function origin({ id, properties: p }) {
    return { id, status: p.status, nst: p.nst, dmin: p.dmin, rms: p.rms, gap: p.gap };
}

function contributors({ id, properties: p }) {
    const solutions = split(p.ids);
    const networks = split(p.sources);
    if (solutions.length !== networks.length) {
        throw new Error(`event ${id}: ${solutions.length} solutions but ${networks.length} networks`);
    }
    return solutions.map((solution, index) => ({
        id, position: index + 1, net: networks[index], solution, preferred: solution === id,
    }));
}

const feed = JSON.parse(readFileSync(feedPath, 'utf8'));
if (feed.type !== 'FeatureCollection' || feed.features.length !== feed.metadata.count) {
    throw new Error('this is not a complete FeatureCollection of earthquakes');
}

const results = {
    'earthquakes.ndjson': feed.features.map(earthquake),
    'felt_reports.ndjson': feed.features.filter((f) => f.properties.felt !== null).map(feltReport),
    'solution_origins.ndjson': feed.features.map(origin),
    'solution_contributors.ndjson': feed.features.flatMap(contributors),
};
for (const [name, rows] of Object.entries(results)) {
    writeFileSync(join(outFolder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
