// The site clicked through in headless Chromium: texts, numbers against SQL of its own, no console error, no request to
// anywhere else, no sideways scrolling at 1280 and 390 pixels. Prints TAP.
//   node check.mjs DIRECTORY [SCREENSHOTS]    (PGHOST, PGDATABASE ... as for psql; CHROMIUM: the browser)
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { cpus, loadavg } from 'node:os';
import { extname, join, normalize } from 'node:path';
import puppeteer from 'puppeteer-core';

const [directory, shots] = process.argv.slice(2);
const workspace = process.env.RS_SITE_WORKSPACE ?? 'desk';
let count = 0, failed = 0;
function ok(passed, what, note = '') {
	count++;
	failed += !passed;
	console.log(`${passed ? 'ok' : 'not ok'} ${count} - ${what.replaceAll('#', 'No.')}`);
	if (!passed && note) console.log(String(note).split('\n').map(l => `# ${l}`).join('\n'));
}
const same = (got, expected, what) => ok(JSON.stringify(got) === JSON.stringify(expected), what, `expected ${JSON.stringify(expected)}\ngot      ${JSON.stringify(got)}`);

/** Rows of arrays of strings. These statements share nothing with queries/. */
function sql(statement) {
	const out = execFileSync('psql', ['-XqAt', '-F', '\x1f', '-R', '\x1e', '-v', 'ON_ERROR_STOP=1', '-c', statement],
		{ encoding: 'utf8', env: { ...process.env, PGOPTIONS: `-c search_path=${workspace}` } }).replace(/\n$/, '');
	return out === '' ? [] : out.split('\x1e').map(r => r.split('\x1f'));
}
const one = statement => sql(statement)[0]?.[0] ?? '';
// how SQL itself would write what the page shows
const YUAN = x => `(SELECT CASE WHEN v IS NULL THEN '—' WHEN round(abs(v), 2) < 10000 THEN trim_scale(round(v, 2)) || '元' WHEN round(abs(v) / 1e4, 2) < 10000 THEN regexp_replace(to_char(round(v / 1e4, 2), 'FM999,999,990.00'), '\\.?0+$', '') || '万元' ELSE regexp_replace(to_char(round(v / 1e8, 2), 'FM999,999,990.00'), '\\.?0+$', '') || '亿元' END FROM (SELECT (${x})::numeric AS v) AS y)`;
const yuan = text => text.replace(/(\d{1,3}(?:,\d{3})+)/g, n => n.replaceAll(',', ''));

const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };
const server = createServer((request, response) => {
	const path = join(directory, normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname)));
	if (!existsSync(path) || !statSync(path).isFile()) { response.writeHead(404).end(); return; }
	response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
	createReadStream(path).pipe(response);
});
await new Promise(done => server.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync),
	headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage();
const complaints = [];
page.on('console', m => { if (['error', 'warning', 'warn'].includes(m.type())) complaints.push(`${page.url()}: ${m.text()}`); });
page.on('pageerror', e => complaints.push(`${page.url()}: ${e.message}`));
page.on('requestfailed', r => complaints.push(`${page.url()}: ${r.url()} failed`));
page.on('response', r => { if (r.status() >= 400) complaints.push(`${page.url()}: ${r.url()} gave ${r.status()}`); });
page.on('request', r => { if (!r.url().startsWith(origin) && !r.url().startsWith('data:')) complaints.push(`${page.url()} asks for ${r.url()}`); });

const open = path => page.goto(`${origin}/${path}`, { waitUntil: 'load' });
const text = selector => page.$eval(selector, e => e.textContent.trim());
const texts = selector => page.$$eval(selector, list => list.map(e => e.textContent.trim()));
const cells = (table, column) => page.$$eval(`${table} tbody tr`, (rows, c) => rows.filter(r => !r.hidden).map(r => r.cells[c].textContent.trim()), column);
const overflow = () => page.evaluate(() => {
	const wide = document.documentElement.clientWidth;
	const out = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > wide + 1 && !e.closest('.scroll, .tabs, svg')).map(e => `${e.tagName}.${e.className}`);
	return document.documentElement.scrollWidth > wide ? [`page ${document.documentElement.scrollWidth} > ${wide}`, ...out.slice(0, 3)] : out.slice(0, 3);
});
let shot = 0;
const photograph = async name => {
	if (!shots) return;
	mkdirSync(shots, { recursive: true });
	await page.screenshot({ path: join(shots, `${String(++shot).padStart(2, '0')}-${name}.png`), fullPage: false });
};
const click = async selector => { const [answer] = await Promise.all([page.waitForNavigation({ waitUntil: 'load', timeout: 20000 }).catch(() => null), page.click(selector)]); return answer; };

try {
	await page.setViewport({ width: 1280, height: 900 });

	// the board
	await open('index.html');
	same(await text('h1'), '风险看板', 'the first page is the board');
	const levels = Object.fromEntries(sql("SELECT level, count(*) FROM risk_board GROUP BY 1"));
	for (const level of ['red', 'orange', 'yellow', 'unknown', 'green']) same(await text(`[data-kpi=${level}]`), levels[level] ?? '0', `the board counts ${level} as SQL does`);
	const board = sql(`SELECT level_zh, name, score::float8, findings, ${YUAN('amount')} FROM risk_board ORDER BY level::risk_screen.risk_level DESC, score DESC, inst_id`);
	same((await cells('#board', 0)).map(t => t.replace(/^[^\p{Script=Han}]+/u, '')), board.map(r => r[0]), 'its list has every institution, worst first: levels');
	same(await texts('#board td:nth-child(2) a'), board.map(r => r[1]), 'names');
	same((await cells('#board', 2)).map(t => t.replaceAll(',', '')), board.map(r => r[2]), 'scores');
	same((await cells('#board', 5)).map(t => t.replaceAll(',', '')), board.map(r => r[3]), 'findings');
	same((await cells('#board', 6)).map(yuan), board.map(r => yuan(r[4])), 'amounts');
	const trend = sql('SELECT as_of::date, level, count(*) FROM grade_history WHERE known_at = \'infinity\' GROUP BY 1, 2');
	const shownTrend = await page.$$eval('#trend + details tbody tr', rows => rows.map(r => [...r.cells].map(c => c.textContent.trim())));
	same(shownTrend.map(r => r[0]), [...new Set(trend.map(r => r[0]))].sort(), 'the trend has every day screened');
	same(shownTrend.flatMap(r => r.slice(1)), shownTrend.flatMap(r => ['red', 'orange', 'yellow', 'unknown', 'green'].map(l => trend.find(t => t[0] === r[0] && t[1] === l)?.[2] ?? '0')), 'with the numbers of SQL');
	ok(await page.$eval('#trend .at-wide svg', s => s.querySelectorAll('path').length > 10 && s.getBoundingClientRect().height > 150), 'and is drawn');
	await photograph('board');
	await page.click('[data-filter-level=red]');
	same((await cells('#board', 0)).length, Number(levels.red ?? 0), 'a tile filters the list');
	await page.click('[data-filter-level=red]');
	await page.type('#q', 'C05');
	ok((await cells('#board', 4)).every(t => t.includes('C05')) && (await cells('#board', 4)).length > 0, 'the search finds a rule');
	await page.$eval('#q', e => { e.value = ''; e.dispatchEvent(new Event('input')); });
	const timing = [];
	for (let i = 0; i < 5; i++) { await open('index.html'); timing.push(await page.evaluate(() => { const t = performance.getEntriesByType('navigation')[0]; return Math.round(t.loadEventEnd - t.startTime); })); }
	console.log(`# first page loaded in ${Math.min(...timing)} to ${Math.max(...timing)} ms (five times, on a machine with ${loadavg()[0].toFixed(1)} of ${cpus().length} processors asked for)`);

	// why red, and where the money went, in three clicks from the board
	const followed = one("SELECT b.inst_id FROM risk_board AS b JOIN money_destination AS m USING (inst_id) WHERE b.level = 'red' AND EXISTS (SELECT FROM grade_explanation AS e WHERE e.inst_id = b.inst_id AND e.rule_level = 'red') GROUP BY b.inst_id, b.score ORDER BY sum(m.held) FILTER (WHERE m.related) DESC NULLS LAST, b.inst_id LIMIT 1");
	const name = one(`SELECT name FROM risk_board WHERE inst_id = '${followed}'`);
	await open('index.html');
	await click(`#board a[href="institution/${followed}.html"]`);
	same(await text('h1'), name, `click 1: the gravest institution with money followed, ${followed}`);
	ok((await text('.verdict')).includes('直接定为红') && (await text('#why h2')) === '为什么是红', 'the page says at once why it is red');
	const redRule = one(`SELECT rule_zh FROM grade_explanation WHERE inst_id = '${followed}' AND status = 'hit' AND rule_level = 'red' ORDER BY points DESC NULLS LAST, rule COLLATE "C" LIMIT 1`);
	await page.click('.verdict a[href^="#rule-"]');
	ok(await page.$$eval('.hit', (list, title) => list.some(h => h.matches(':target') && h.textContent.includes(title) && h.getBoundingClientRect().top < innerHeight), redRule), `click 2: the red line with its values, clause and evidence: ${redRule}`);
	await photograph('why-red');
	await page.click('.tabs a[href="#flow"]');
	// scrolling is smooth: it arrives, sooner or later
	const arrived = await page.waitForFunction(() => { const top = document.querySelector('#flow').getBoundingClientRect().top; return top >= -5 && top < 200; }, { timeout: 10000 }).then(() => true, () => false);
	ok(arrived, 'click 3: where the money went');
	await photograph('money');
	const related = sql(`SELECT owner_name, ${YUAN('held')} FROM money_destination WHERE inst_id = '${followed}' AND related AND held > 0 ORDER BY held DESC, account_id COLLATE "C"`);
	const verdict = yuan(await text('#flow .verdict'));
	ok(related.length > 0 && related.slice(0, 5).every(([who, held]) => verdict.includes(`${who} ${yuan(held)}`)), 'and who of its related parties holds it', verdict);
	ok(await page.$eval('#money svg', s => s.textContent.includes('留存')), 'the Sankey is drawn');

	// one page per institution
	const ids = sql("SELECT inst_id, level FROM risk_board ORDER BY level::risk_screen.risk_level DESC, score DESC, inst_id");
	// what SQL says of all of them, asked once: rows by institution
	const told = statement => { const map = new Map(); for (const [id, ...rest] of sql(statement)) map.set(id, [...(map.get(id) ?? []), rest]); return id => map.get(id) ?? []; };
	const heads = told(`SELECT inst_id, score::float8, findings, ${YUAN('amount')}, name FROM risk_board`);
	const hitRules = told("SELECT inst_id, rule FROM grade_explanation WHERE status = 'hit' ORDER BY 1, 2");
	const verdicts = told(`SELECT v.inst_id, v.rule || ' ' || CASE WHEN v.value IS NULL THEN '未知' WHEN v.value >= v.threshold AND v.operator = '>=' OR v.value > v.threshold AND v.operator = '>' OR v.value <= v.threshold AND v.operator = '<=' OR v.value < v.threshold AND v.operator = '<' THEN '触线' WHEN v.operator IS NULL OR v.threshold IS NULL THEN '仅监测' ELSE '未触线' END
		FROM indicator_value AS v JOIN current_run USING (run_id) WHERE v.subject_kind = 'institution' AND v.seq = 1 ORDER BY 1, 2`);
	const ways = told(`SELECT inst_id, count(*), ${YUAN('coalesce(sum(held) FILTER (WHERE related), 0)')}, ${YUAN('coalesce(sum(held + exited), 0)')} FROM money_destination GROUP BY inst_id`);
	const ownersOf = told("SELECT o.target, count(DISTINCT o.party) FROM risk_screen.look_through('equity', targets => (SELECT array_agg(inst_id) FROM institution), as_of => (SELECT as_of FROM current_run)) AS o WHERE o.ultimate AND o.party IS NOT NULL GROUP BY 1");
	const wordsOf = told("SELECT inst_id, count(*) FROM finding_list WHERE rule LIKE 'H%' GROUP BY 1");
	const stepsOf = told("SELECT inst_id, count(*) FROM alert JOIN alert_deadline USING (alert_id) WHERE state = 'open' GROUP BY 1");
	const tally = rows => rows.length ? Number(rows[0][0]) : 0;
	const wrong = { head: [], hits: [], values: [], money: [], owners: [], names: [], deadlines: [], wide: [] };
	for (const [id] of ids) {
		await open(`institution/${encodeURIComponent(encodeURIComponent(id))}.html`);
		const [[score, findings, amount, title]] = heads(id);
		if ((await text('[data-kpi=score]')).replaceAll(',', '') !== score || (await text('[data-kpi=findings]')) !== findings || yuan(await text('[data-kpi=amount]')) !== yuan(amount) || (await text('h1')) !== title) wrong.head.push(id);
		const hits = hitRules(id).map(r => r[0]);
		if (JSON.stringify((await texts('.hit header .code')).sort()) !== JSON.stringify(hits)) wrong.hits.push(id);
		const values = verdicts(id).map(r => r[0]);
		const shown = await page.$$eval('#indicator-table tbody tr', rows => rows.map(r => `${r.querySelector('.code').textContent} ${r.cells[1].textContent.trim() === '未知' ? '未知' : r.cells[3].textContent.trim()}`).sort());
		if (JSON.stringify(shown) !== JSON.stringify([...values].sort())) wrong.values.push(`${id}: ${shown} / ${values}`);
		const [[holders, held, ended]] = ways(id).length ? ways(id) : [['0', '0', '0']];
		const rows = await page.$$('#holders tbody tr');
		if (rows.length !== Number(holders) || (rows.length && (!yuan(await text('[data-money=related]')).startsWith(yuan(held)) || yuan(await text('[data-money=ended]')) !== yuan(ended) || !(await page.$('#money svg'))))) wrong.money.push(id);
		const owners = tally(ownersOf(id));
		if ((await page.$$('#equity tbody tr')).length < Number(owners) || (Number(owners) > 0 && !(await page.$('#owners svg')))) wrong.owners.push(id);
		const words = tally(wordsOf(id));
		if (((await page.$$('#names tbody tr')).length > 0) !== (Number(words) > 0)) wrong.names.push(id);
		const steps = tally(stepsOf(id));
		if ((await page.$$('#deadline-table tbody tr')).length !== Number(steps)) wrong.deadlines.push(id);
		for (const width of [1280, 390]) {
			await page.setViewport({ width, height: 900 });
			await new Promise(done => setTimeout(done, 30));
			const out = await overflow();
			if (out.length) wrong.wide.push(`${id} at ${width}: ${out}`);
		}
		await page.setViewport({ width: 1280, height: 900 });
	}
	same(wrong.head, [], `${ids.length} institutions: name, score, findings, amount as SQL says`);
	same(wrong.hits, [], 'every rule that hit, and no other');
	same(wrong.values, [], 'every indicator with its verdict against the threshold');
	same(wrong.money, [], 'every holder, what related parties hold and what was paid out; the diagram');
	same(wrong.owners, [], 'owners as a tree and as a list');
	same(wrong.names, [], 'hits in names and advertisements');
	same(wrong.deadlines, [], 'every deadline of the open alerts');
	same(wrong.wide, [], 'no sideways scrolling at 1280 and 390 pixels');

	// the other pages, by their links
	await open('index.html');
	await click('nav a[href="alerts.html"]');
	same(await text('h1'), '预警队列', 'the alert queue');
	const alerts = sql(`SELECT rule, ${YUAN('amount')} FROM alert_queue ORDER BY level::risk_screen.risk_level DESC, next_due_at NULLS LAST, amount DESC NULLS LAST, alert_id`);
	same(await texts('#board td:nth-child(3) .code'), alerts.map(r => r[0]), 'has every open alert, gravest and most urgent first');
	same((await cells('#board', 4)).map(yuan), alerts.map(r => yuan(r[1])), 'with its amount');
	ok((await texts('#overdue td')).length >= 0 && (await text('#overdue h2')).startsWith('已逾期'), 'and what is overdue');
	await photograph('alerts');
	await click('nav a[href="sector.html"]');
	same(await text('h1'), '行业全景', 'the sector');
	const cr10 = one("SELECT round(value * 100, 2)::float8 || '%' FROM indicator_value JOIN current_run USING (run_id) WHERE rule = 'B02' AND subject_id = 'ALL'");
	same(await text('[data-kpi=cr10]'), cr10, 'CR10 is what rule B02 measured');
	const window = "SELECT i.inst_id, sum(p.value) AS x FROM position AS p JOIN institution AS i USING (inst_id), current_run AS c WHERE p.item = 'traded_amount' AND p.as_of BETWEEN c.since AND c.as_of GROUP BY 1";
	same(await text('[data-kpi=hhi]'), one(`SELECT round(sum((x / s) ^ 2), 4)::float8 FROM (SELECT x, sum(x) OVER () AS s FROM (${window}) AS a) AS b`), 'HHI is the sum of squared shares');
	same(await text('[data-kpi=leverage]'), one(`SELECT round(sum(value) FILTER (WHERE item = 'outstanding') / sum(value) FILTER (WHERE item = 'net_assets'), 2)::float8 || ' 倍' FROM position JOIN current_run AS c ON position.as_of = (SELECT max(as_of) FROM position WHERE item = 'net_assets' AND as_of <= c.as_of) WHERE inst_id IN (SELECT inst_id FROM institution WHERE cardinality(lines) > 0 OR inst_id IN (SELECT inst_id FROM (${window}) AS w))`), 'leverage');
	const moves = sql('SELECT from_level || \'-\' || to_level, institutions FROM migration WHERE as_of = (SELECT as_of FROM current_run)');
	for (const [move, n] of moves) same(await text(`[data-move=${move}]`), n, `migration ${move}`);
	await photograph('sector');
	ok(await page.$$eval('#sector-table .share-bar i', bars => bars.every(b => b.classList.contains('red') || b.classList.contains('green') || getComputedStyle(b).backgroundImage !== 'none')) && (await texts('.legend')).length === 2, 'the parts of a bar differ by pattern, and a legend says which');
	await click('nav a[href="nobody.html"]');
	const [[nobody, everything]] = sql('SELECT count(*) FILTER (WHERE inst_id IS NULL), count(*) FROM finding_list');
	same([await text('[data-kpi=nobody]'), await text('[data-kpi=all]'), String((await page.$$('#board tbody tr')).length)], [nobody, everything, nobody], 'findings that charge nobody have their list, and the sums agree');
	same(one('SELECT findings FROM current_run'), everything, 'with the run');
	await photograph('nobody');
	await click('nav a[href="rules.html"]');
	same(await text('h1'), '规则目录', 'the catalogue of rules');
	same(await texts('#board td:first-child'), sql('SELECT code FROM risk_screen.rule_catalogue ORDER BY code COLLATE "C"').map(r => r[0]), 'has every requirement');
	ok((await page.$eval('#C05', e => e.closest('tr').textContent)).includes('自融自保'), 'with its clause');
	await photograph('rules');
	for (const width of [1280, 390]) {
		await page.setViewport({ width, height: 900 });
		for (const file of ['index.html', 'alerts.html', 'sector.html', 'nobody.html', 'rules.html']) {
			await open(file);
			same(await overflow(), [], `${file} at ${width} pixels: no sideways scrolling`);
			if (width === 390) await photograph(`narrow-${file.replace('.html', '')}`);
		}
	}
	await open(`institution/${followed}.html#flow`);
	await new Promise(done => setTimeout(done, 500));
	await photograph('narrow-money');
	const begins = await page.$eval('#money svg', s => [...s.querySelectorAll('text')].filter(t => /^\d/.test(t.textContent)).map(t => t.getBoundingClientRect().left - s.getBoundingClientRect().left));
	ok(begins.length > 0 && Math.min(...begins) >= 26, 'what links say is not cut by the first node at 390 pixels', begins);

	// every link of every page leads somewhere
	const seen = new Set(['index.html']), queue = ['index.html'], dead = [];
	const { readFileSync } = await import('node:fs');
	while (queue.length) {
		const file = queue.pop(), html = readFileSync(join(directory, file), 'utf8');
		for (const [, href] of html.matchAll(/(?:href|src)="([^"#][^"]*?|)(?:#[^"]*)?"/g)) {
			if (href === '' || href.startsWith('data:')) continue;
			if (/^[a-z]+:/.test(href)) { dead.push(`${file}: ${href} leaves the site`); continue; }
			const to = normalize(join(file, '..', decodeURIComponent(href)));
			if (seen.has(to)) continue;
			seen.add(to);
			if (!existsSync(join(directory, to))) dead.push(`${file}: ${href}`);
			else if (to.endsWith('.html')) queue.push(to);
		}
	}
	same(dead, [], `every link of ${[...seen].filter(f => f.endsWith('.html')).length} pages leads to a file of the site`);
	same([...seen].filter(f => f.startsWith('institution')).length, ids.length, 'and every institution can be reached');
	same(complaints, [], 'no error or warning in the console, no failed or foreign request');
} catch (e) {
	ok(false, 'the check runs to its end', e.stack);
}
await browser.close();
server.close();
console.log(`1..${count}`);
process.exit(failed > 0 ? 1 : 0);
