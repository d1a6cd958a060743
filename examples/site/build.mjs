// Build the site: read the risk views once, write one HTML file per page. No server, no network when it is viewed.
//   node build.mjs --out DIRECTORY [--workspace desk]     (PGHOST, PGDATABASE ... as for psql)
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { group, readDesk } from './lib/data.mjs';
import { institutionFile } from './lib/html.mjs';
import { boardPage } from './lib/board.mjs';
import { institutionPage } from './lib/institution.mjs';
import { alertsPage, nobodyPage, rulesPage, sectorPage } from './lib/others.mjs';

const { values: options } = parseArgs({ options: { out: { type: 'string' }, workspace: { type: 'string', default: 'desk' } } });
if (!options.out) { console.error('usage: node build.mjs --out DIRECTORY [--workspace desk]'); process.exit(2); }
const here = dirname(fileURLToPath(import.meta.url));

const { data, took } = readDesk(options.workspace);
const [run] = data.run;
if (!run) { console.error(`workspace ${options.workspace} has no finished run: CALL risk_screen.screen('${options.workspace}') first`); process.exit(1); }

rmSync(options.out, { recursive: true, force: true });
mkdirSync(join(options.out, 'institution'), { recursive: true });
mkdirSync(join(options.out, 'assets'));
cpSync(join(here, 'assets'), join(options.out, 'assets'), { recursive: true });
cpSync(createRequire(import.meta.url).resolve('echarts/dist/echarts.min.js'), join(options.out, 'assets', 'echarts.min.js'));
const write = (file, html) => writeFileSync(join(options.out, file), html);

write('index.html', boardPage({ ...data, run }));
write('alerts.html', alertsPage({ ...data, run }));
write('sector.html', sectorPage({ ...data, run }));
write('nobody.html', nobodyPage({ ...data, run }));
write('rules.html', rulesPage({ ...data, run }));
const by = name => group(data[name], 'inst_id');
const parts = Object.fromEntries(['reasons', 'findings', 'indicators', 'money', 'owners', 'names', 'deadlines', 'history'].map(name => [name, by(name)]));
const register = by('institution'), picture = by('money_picture');
for (const b of data.board) {
	const own = Object.fromEntries(Object.entries(parts).map(([name, rows]) => [name, rows.get(b.inst_id) ?? []]));
	write(join('institution', institutionFile(b.inst_id)), institutionPage({ run, b, register: register.get(b.inst_id)?.[0], picture: picture.get(b.inst_id)?.[0]?.picture, ...own }));
}
const slowest = Object.entries(took).sort((a, b) => b[1] - a[1])[0];
console.log(`${data.board.length + 5} pages in ${options.out}; slowest query: ${slowest[0]}, ${Math.round(slowest[1])} ms`);
