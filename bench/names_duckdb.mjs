// names_duckdb.mjs WORDS FILE...: DuckDB (npm @duckdb/node-api), one thread, rows "what|ms|hits".
// regexp_matches with one alternation of all words; run in a folder that has the package.
import { createRequire } from 'module';
import fs from 'fs';

const require = createRequire(process.cwd() + '/x.js');
const { DuckDBInstance } = require('@duckdb/node-api');
const words = fs.readFileSync(process.argv[2], 'utf8').split('\n').filter(w => w);
const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1e3; };
for (const file of process.argv.slice(3)) {
	await connection.run(`CREATE OR REPLACE TABLE t AS SELECT * FROM read_csv('${file}', header = false, delim = '\x01', quote = '', escape = '', strict_mode = false, columns = {'line': 'VARCHAR'})`);
	const sql = `SELECT count(*) FROM t WHERE regexp_matches(line, '${words.join('|').replaceAll("'", "''")}')`;
	const times = [];
	let hits;
	for (let r = 0; r < 3; r++) {
		const start = cpu();
		hits = (await connection.runAndReadAll(sql)).getRows()[0][0];
		times.push(cpu() - start);
	}
	console.log(`lines|${times.sort((a, b) => a - b)[1].toFixed(1)}|${hits}`);
}
