// The only door to the database: each file of queries/ is run by psql and comes back as rows of named strings.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'queries');

/** Rows of CSV text with a header line. An empty unquoted field is null, "" an empty string. */
export function parseCsv(text) {
	const rows = [];
	let row = [], field = '', quoted = false, inside = false;
	const endField = () => { row.push(field === '' && !quoted ? null : field); field = ''; quoted = false; };
	for (let i = 0; i < text.length; i++) {
		const c = text[i];
		if (inside) {
			if (c !== '"') field += c;
			else if (text[i + 1] === '"') { field += '"'; i++; }
			else inside = false;
		}
		else if (c === '"') inside = quoted = true;
		else if (c === ',') endField();
		else if (c === '\n') { endField(); rows.push(row); row = []; }
		else field += c;
	}
	if (inside) throw new Error('unterminated quotation in CSV');
	const head = rows.shift() ?? [];
	return rows.map(values => Object.fromEntries(head.map((name, i) => [name, values[i] === 't' ? true : values[i] === 'f' ? false : values[i]])));
}

/** All queries of the site: { name: rows } and how long each took. */
export function readDesk(workspace) {
	const data = {}, took = {};
	for (const file of readdirSync(folder).filter(f => f.endsWith('.sql')).sort()) {
		const name = file.replace(/\.sql$/, '');
		const started = process.hrtime.bigint();
		const out = execFileSync('psql', ['-Xq', '--csv', '-v', 'ON_ERROR_STOP=1', '-v', `desk=${workspace}`, '-f', join(folder, file)], {
			encoding: 'utf8', maxBuffer: 1 << 30,
			env: { ...process.env, PGCLIENTENCODING: 'UTF8', PGOPTIONS: `${process.env.PGOPTIONS ?? ''} -c search_path=${quoteIdentifier(workspace)}` },
		});
		data[name] = parseCsv(out);
		took[name] = Number(process.hrtime.bigint() - started) / 1e6;
	}
	return { data, took };
}

/** For PGOPTIONS: quoted as an identifier, spaces and backslashes escaped for libpq. */
function quoteIdentifier(name) {
	return `"${name.replaceAll('"', '""')}"`.replace(/[\\ ]/g, '\\$&');
}

export function group(rows, key) {
	const groups = new Map();
	for (const row of rows) {
		if (!groups.has(row[key])) groups.set(row[key], []);
		groups.get(row[key]).push(row);
	}
	return groups;
}
