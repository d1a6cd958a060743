// The board: levels today, their trend, and every institution, worst first.
import { LEVELS, LEVEL_ZH, badge, change, day, esc, institutionLink, levelTitle, minute, money, number, open, page, percent, table } from './html.mjs';
import { levelBars, still } from './charts.mjs';

export function boardPage({ run, board, trend, overdue, nobody }) {
	const count = level => board.filter(b => b.level === level).length;
	const days = [...new Set(trend.map(t => t.as_of))];
	const before = days.at(-2);
	const then = level => Number(trend.find(t => t.as_of === before && t.level === level)?.institutions ?? 0);
	const tiles = LEVELS.map(level => {
		const delta = before ? count(level) - then(level) : null;
		return `<button type="button" class="tile ${level}" data-filter-level="${level}" aria-pressed="false">
<span class="tile-head">${badge(level)}<span>${levelTitle(level).replace(/^.*（|）$/g, '')}</span></span>
<b data-kpi="${level}">${count(level)}</b>
<small>${delta === null ? '首个监测日' : delta === 0 ? `与 ${day(before)} 持平` : `较 ${day(before)} ${delta > 0 ? '+' : '−'}${Math.abs(delta)}`}</small></button>`;
	}).join('\n');
	const options = (key, all) => `<option value="">${all}</option>` + [...new Set(board.map(b => b[key]).filter(Boolean))].sort()
		.map(v => `<option>${esc(v)}</option>`).join('');
	const bars = levelBars(days, trend);
	const alerts = board.reduce((n, b) => n + Number(b.open_alerts), 0);
	const body = `<div class="heading"><h1>风险看板</h1><p>${esc(day(run.as_of))} · ${board.length} 家机构 · 问题 ${number(board.reduce((n, b) => n + Number(b.findings), 0) + nobody.length)} 项（含<a href="nobody.html">未归属机构 ${nobody.length} 项</a>），机构问题中待认定 ${
		number(board.reduce((n, b) => n + Number(b.to_confirm), 0))} 项 · 待处置预警 <a href="alerts.html">${alerts} 条</a>${
		overdue.length ? `，<a href="alerts.html#overdue"><b class="late">逾期 ${overdue.length} 项</b></a>` : ''}</p></div>
<section class="tiles" aria-label="各等级机构数，点按可筛选">${tiles}</section>
<section class="card"><h2>等级走势<small>非绿色机构数，按监测日</small></h2><div id="trend" role="img" aria-label="各监测日红橙黄未知机构数"><div class="chart at-wide">${still(bars, 1180, 240)}</div><div class="chart at-narrow">${still(bars, 340, 240)}</div></div>
<details><summary>数据</summary>${table([
		{ title: '监测日', kind: 'date', cell: d => esc(day(d)) },
		...LEVELS.map(level => ({ title: LEVEL_ZH[level], kind: 'num', cell: d => esc(trend.find(t => t.as_of === d && t.level === level)?.institutions ?? 0) })),
	], days)}</details></section>
<section class="card"><h2>机构<small>按等级、得分排序；点机构名称看原因、资金去向与股权</small></h2>
<form class="filters" role="search" onsubmit="return false">
<input type="search" id="q" placeholder="机构名称、编号或规则" aria-label="搜索">
<select id="f-level" aria-label="等级"><option value="">全部等级</option>${LEVELS.map(l => `<option value="${l}">${LEVEL_ZH[l]}</option>`).join('')}</select>
<select id="f-line" aria-label="业务条线">${options('line_zh', '全部条线')}</select>
<select id="f-province" aria-label="省份">${options('province', '全部省份')}</select>
<output id="shown">${board.length} 家</output></form>
${table([
		{ title: '等级', cell: b => badge(b.level, { words: b.level_zh }) },
		{ title: '机构', kind: 'wide', cell: b => `<a href="${institutionLink(b.inst_id)}">${esc(b.name)}</a><small>${esc(b.inst_id)} · ${esc(b.province ?? '')}${b.line_zh ? ` · ${esc(b.line_zh)}` : ''}</small>` },
		{ title: '得分', kind: 'num', cell: b => number(b.score) },
		{ title: '变化', cell: change },
		{ title: '主要原因', kind: 'reason', cell: b => `${b.main_reasons_zh ? b.main_reasons_zh.split(/；(?=[A-Z]\d+ )/).map(r => `<span>${esc(r)}</span>`).join('') : `<span class="muted">${b.level !== b.measured_level && b.measured_level && b.measured_level !== 'unknown' ? `本期测算为${LEVEL_ZH[b.measured_level]}，现行等级保持观察期` : b.incomplete ? '' : '—'}</span>`}${b.incomplete ? `<span class="lowered">${open(b)}</span>` : ''}` },
		{ title: '问题', kind: 'num', cell: b => number(b.findings) },
		{ title: '涉及金额', kind: 'num', cell: b => b.amount === null ? '—' : money(b.amount) },
		{ title: '数据覆盖', kind: 'num', cell: b => percent(b.coverage, 0) },
		{ title: '最近时限', kind: 'date', cell: b => b.next_due_at ? esc(minute(b.next_due_at)) : '<span class="muted">—</span>' },
	], board, { id: 'board', class: 'stack', row: b => `data-level="${b.level}" data-line="${esc(b.line_zh ?? '')}" data-province="${esc(b.province ?? '')}"` })}</section>`;
	return page({ title: '风险看板', here: 'index.html', run, body });
}
