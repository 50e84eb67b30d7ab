// SPDX-License-Identifier: Apache-2.0
// Has apache-arrow read Arrow IPC streams and compares them with what their writer meant.
//
//     node read_arrow.js FOLDER NAME...
//
// For each NAME in the folder, NAME.arrow must hold the rows of NAME.raw (tests/columns/sample.c says what
// that is), and a stream without its end must not be readable as a whole one.
'use strict';

const fs = require('fs');
const arrow = require('apache-arrow');

// The SQL type of a column, and what it must be here.
const forms = {
  BOOLEAN: 'Bool', TINYINT: 'Int8', SMALLINT: 'Int16', INTEGER: 'Int32', BIGINT: 'Int64',
  UTINYINT: 'Uint8', USMALLINT: 'Uint16', UINTEGER: 'Uint32', UBIGINT: 'Uint64',
  HUGEINT: 'Decimal[38e0]', FLOAT: 'Float32', DOUBLE: 'Float64',
  VARCHAR: 'Utf8', BLOB: 'Binary', JSON: 'Utf8', UUID: 'FixedSizeBinary[16]',
  DATE: 'Date32<DAY>', TIME: 'Time64<MICROSECOND>', TIMESTAMP: 'Timestamp<MICROSECOND>',
  TIMESTAMP_S: 'Timestamp<SECOND>', TIMESTAMP_MS: 'Timestamp<MILLISECOND>',
  TIMESTAMP_NS: 'Timestamp<NANOSECOND>', 'TIMESTAMP WITH TIME ZONE': 'Timestamp<MICROSECOND, UTC>',
  INTERVAL: 'Interval<MONTH_DAY_NANO>',
};

function formOf(type) {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  if (decimal !== null) {
    return `Decimal[${decimal[1]}e${decimal[2] === '0' ? '' : '+'}${decimal[2]}]`;
  }
  return forms[type];
}

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const bits = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return hex(bytes);
};

// A value as NAME.raw has it. Times are read as the integers that they are: as dates they lose digits.
function raw(column, row) {
  const value = column.get(row);
  if (value === null) {
    return null;
  }
  const type = column.type;
  if (arrow.DataType.isTimestamp(type) || arrow.DataType.isTime(type) || arrow.DataType.isDate(type)) {
    return String(column.data[0].values[row]);
  }
  if (arrow.DataType.isFloat(type)) {
    return bits(value);
  }
  if (arrow.DataType.isBinary(type) || arrow.DataType.isFixedSizeBinary(type)) {
    return hex(value);
  }
  if (arrow.DataType.isInterval(type)) {
    return `${value[0]} ${value[1]} ${new BigInt64Array(Uint32Array.from(value.subarray(2)).buffer)[0]}`;
  }
  if (arrow.DataType.isBool(type)) {
    return value ? '1' : '0';
  }
  return String(value);
}

function want(name, what, got, should) {
  if (JSON.stringify(got) !== JSON.stringify(should)) {
    console.error(`${name}.arrow: ${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(should)}`);
    process.exit(1);
  }
}

// Whether a stream can be read as a whole one.
function ends(bytes) {
  try {
    for (const batch of arrow.RecordBatchReader.from(bytes)) {
      batch.numRows;
    }
  } catch (error) {
    return false;
  }
  return true;
}

function check(folder, name) {
  const lines = fs.readFileSync(`${folder}/${name}.raw`, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line));
  const [names, types] = lines.splice(0, 2);
  const reader = arrow.RecordBatchReader.from(fs.readFileSync(`${folder}/${name}.arrow`)).open();
  want(name, 'names', reader.schema.fields.map((field) => field.name), names);
  want(name, 'types', reader.schema.fields.map((field) => String(field.type)), types.map(formOf));
  want(name, 'may be null', reader.schema.fields.every((field) => field.nullable), true);
  want(name, 'facts', [...reader.schema.metadata],
    [['freehold.request', 'fhr1request'], ['freehold.limited', '["\u00e9"]']]);
  let at = 0;
  let facts = [];
  for (const batch of reader) {
    const columns = names.map((_, index) => batch.getChildAt(index));
    for (let row = 0; row < batch.numRows; row++, at++) {
      want(name, `row ${at}`, columns.map((column) => raw(column, row)), lines[at]);
    }
    facts = [...batch.metadata];
  }
  want(name, 'rows', at, lines.length);
  want(name, 'facts at the end', facts, [['freehold.receipt', 'fhr1receipt']]);
  want(name, 'what broke off is read to an end', ends(fs.readFileSync(`${folder}/${name}.broken`)), false);
  return at;
}

const [folder, ...names] = process.argv.slice(2);
const rows = names.map((name) => check(folder, name)).reduce((sum, n) => sum + n, 0);
console.log(`read_arrow: apache-arrow reads ${names.length} streams of ${rows} rows as they should be`);
