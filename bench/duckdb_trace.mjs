// The peer DuckDB: the expert's SQL (earliest arrival per account and level), one thread, in memory.
//   node duckdb_trace.mjs MODULES FILE.csv HOPS SEED,SEED...
// Prints: median CPU ms of 3 passes over all seeds (loading excluded), accounts transfers total.
import { createRequire } from 'module';
const [modules, csv, hops, list] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(modules + '/package.json')('@duckdb/node-api');
const db = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
await db.run(`CREATE TABLE t AS SELECT * FROM read_csv('${csv}', header = false,
  columns = {'txid': 'BIGINT', 'src': 'BIGINT', 'dst': 'BIGINT', 'amount': 'DECIMAL(18,2)', 'ts': 'TIMESTAMPTZ'}) ORDER BY src, ts`);
const question = seed => `WITH RECURSIVE f AS (
    SELECT ${seed}::BIGINT AS acct, '-infinity'::TIMESTAMPTZ AS ts, 0 AS hop
    UNION ALL SELECT t.dst, min(t.ts), max(f.hop) + 1 FROM f JOIN t ON t.src = f.acct AND t.ts > f.ts WHERE f.hop < ${hops} - 1 GROUP BY t.dst)
  SELECT count(DISTINCT t.dst) FILTER (t.dst <> ${seed}), count(*), sum(t.amount)
    FROM (SELECT acct, min(ts) AS ts FROM f GROUP BY acct) a JOIN t ON t.src = a.acct AND t.ts > a.ts`;
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1e3; };
const passes = [];
let accounts, transfers, cents;
for (let pass = 0; pass < 3; pass++) {
  const before = cpu();
  accounts = transfers = cents = 0n;
  for (const seed of list.split(',')) {
    const [[a, t, s]] = (await db.runAndReadAll(question(seed))).getRows();
    accounts += a; transfers += t; cents += s === null ? 0n : s.value;
  }
  passes.push(cpu() - before);
}
console.log(passes.sort((x, y) => x - y)[1].toFixed(1), String(accounts), String(transfers), (Number(cents) / 100).toFixed(2));
