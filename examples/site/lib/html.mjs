// What all pages share: escaping, numbers as a Chinese reader expects them, level badges, the frame.

export const LEVELS = ['red', 'orange', 'yellow', 'unknown', 'green'];
export const LEVEL_ZH = { red: '红', orange: '橙', yellow: '黄', unknown: '未知', green: '绿' };
const MEANING = { red: '重大风险', orange: '较大风险', yellow: '一般风险', unknown: '数据不足', green: '正常' };
// a shape beside the colour, for prints and colour-blind readers
const SHAPE = { red: '■', orange: '◆', yellow: '▲', unknown: '?', green: '●' };

export const esc = value => value === null || value === undefined ? ''
	: String(value).replace(/[&<>"']/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]);

/** JSON inside a script element: nothing in it may end the element. */
export const json = value => JSON.stringify(value).replace(/</g, '\\u003c').replace(/\u2028/g, '\\u2028').replace(/\u2029/g, '\\u2029');

export function number(value, digits = 2) {
	if (value === null || value === undefined || value === '') return '—';
	return Number(value).toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** 9,500元, 12.5万元, 1.02亿元 */
export function money(value) {
	if (value === null || value === undefined || value === '') return '—';
	const v = Number(value), size = Math.abs(v);
	const shown = n => n.toLocaleString('en-US', { maximumFractionDigits: 2 });
	if (Math.round(size * 100) < 1e6) return `${shown(v)}元`;
	if (Math.round(size / 100) < 1e6) return `${shown(v / 1e4)}万元`;
	return `${shown(v / 1e8)}亿元`;
}

/** Per cent; what would be rounded to nothing keeps two digits that count: 0.00012%. */
export function percent(value, digits = 2) {
	if (value === null || value === undefined || value === '') return '—';
	const v = Number(value) * 100;
	return v !== 0 && Math.abs(v) < 0.5 / 10 ** digits ? `${v.toLocaleString('en-US', { maximumSignificantDigits: 2, maximumFractionDigits: 20 })}%` : `${number(v, digits)}%`;
}

/** Is a measured value a fraction to be shown in per cent? By what the rule says it measures, else the unit of its threshold, else its name. */
export const isShare = (unit, title) => unit ? /^(share|ratio|growth)/.test(unit) : /(?<!频)率$|占比|集中度|差率/.test(title ?? '');
export const measured = (value, unit, title) => isShare(unit, title) ? percent(value) : number(value, 4);

export const day = value => value ? value.slice(0, 10) : '—';
export const minute = value => value ? value.slice(0, 16) : '—';

const COMPARE = { '>=': '≥', '<=': '≤', '>': '>', '<': '<', '=': '=', '<>': '≠' };
export const compare = operator => COMPARE[operator] ?? '';

/** words: what the desk says where that is more than the level's name: 至少橙 */
export const badge = (level, { big = false, words = null } = {}) => level
	? `<span class="badge ${level}${big ? ' big' : ''}"><i aria-hidden="true">${SHAPE[level]}</i>${esc(words ?? LEVEL_ZH[level])}</span>` : '<span class="muted">—</span>';

/** What missing data leave open, from a row of the board; nothing where they could not make the level worse. */
export const open = b => b.incomplete ? `数据缺失，最坏可能为${esc(b.possible_level_zh)}${b.missing_zh ? `；缺：${esc(b.missing_zh.split('；').slice(0, 3).join('；'))}${b.missing_zh.split('；').length > 3 ? ` 等 ${b.missing_zh.split('；').length} 项` : ''}` : ''}` : '';

export const levelTitle = level => `${LEVEL_ZH[level]}（${MEANING[level]}）`;

export const change = row => row.change === 'up' ? `<span class="up">↑ 由${esc(row.previous_level_zh)}上调</span>`
	: row.change === 'down' ? `<span class="down">↓ 由${esc(row.previous_level_zh)}下调</span>`
	: row.change === 'new' ? '<span class="muted">首次评级</span>' : '<span class="muted">不变</span>';

/** A table; cells are HTML. columns: [{ title, cell(row), kind: 'num' | 'text', width }] */
export function table(columns, rows, options = {}) {
	if (rows.length === 0) return `<p class="empty">${options.empty ?? '无'}</p>`;
	return `<div class="scroll"><table${options.id ? ` id="${options.id}"` : ''}${options.class ? ` class="${options.class}"` : ''}><thead><tr>${
		columns.map(c => `<th scope="col"${c.kind === 'num' ? ' class="num"' : ''}>${c.title}</th>`).join('')}</tr></thead><tbody>${
		rows.map(row => `<tr${options.row ? ` ${options.row(row)}` : ''}>${
			columns.map(c => `<td${c.kind ? ` class="${c.kind}"` : ''} data-label="${esc(c.title)}">${c.cell(row)}</td>`).join('')}</tr>`).join('\n')
	}</tbody></table></div>`;
}

/** The file of an institution's page (ids may hold any character) and the link to it. */
export const institutionFile = id => `${encodeURIComponent(id)}.html`;
export const institutionLink = id => `institution/${encodeURIComponent(institutionFile(id))}`;

const NAVIGATION = [['index.html', '风险看板'], ['alerts.html', '预警队列'], ['sector.html', '行业全景'], ['nobody.html', '未归属'], ['rules.html', '规则目录']];

/** A whole page. depth: folders below the root. */
export function page({ title, here, depth = 0, run, body, charts = [] }) {
	const root = '../'.repeat(depth);
	return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${esc(title)} · 互联网金融风险监测</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}assets/site.css">
</head>
<body>
<header class="top"><div class="wrap">
<a class="brand" href="${root}index.html"><b>互联网金融风险监测</b><small>risk_screen 监管工作台</small></a>
<nav aria-label="主导航">${NAVIGATION.map(([file, name]) => `<a href="${root}${file}"${file === here ? ' aria-current="page"' : ''}>${name}</a>`).join('')}</nav>
</div></header>
<main class="wrap">
${body}
</main>
<footer><div class="wrap">监测日 ${esc(day(run.as_of))} · 窗口 ${esc(day(run.since))} 至 ${esc(day(run.as_of))} · 批次 ${esc(run.run_id)} · 规则 ${esc(run.rules)} 条，未能判断 ${esc(run.unknowns)} 条，出错 ${esc(run.errors)} 条 · 规则指纹 ${esc(run.rules_hash)} · risk_screen ${esc(run.version)}${
	run.filtered_roles ? ` · <b>执行人只见部分数据：${esc(run.filtered_roles)}</b>` : ''}</div></footer>
${charts.length ? `<script type="application/json" id="charts">${json(charts)}</script>
<script defer src="${root}assets/echarts.min.js"></script>` : ''}
<script defer src="${root}assets/site.js"></script>
</body>
</html>
`;
}
