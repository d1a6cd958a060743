// The alert queue, the sector, and the catalogue of rules.
import { LEVELS, LEVEL_ZH, badge, compare, day, esc, institutionLink, measured, minute, money, number, page, percent, table } from './html.mjs';
import { action, evidence, subject, target, threshold } from './words.mjs';

const link = row => `<a href="${institutionLink(row.inst_id)}">${esc(row.name ?? row.inst_id)}</a>`;

export function alertsPage({ run, alerts, overdue }) {
	const body = `<div class="heading"><h1>预警队列</h1><p>${alerts.length} 条待处置 · ${LEVELS.slice(0, 3).map(l => `${LEVEL_ZH[l]} ${alerts.filter(a => a.level === l).length}`).join(' · ')} · 同一机构红色预警未了结前，其黄色预警暂不列出</p></div>
<section class="card" id="overdue"><h2>已逾期<small>以生成本页时为准</small></h2>${table([
		{ title: '等级', cell: o => badge(o.level) }, { title: '机构', kind: 'wide', cell: link }, { title: '应办事项', cell: o => `<span class="code">${esc(o.requirement)}</span>${esc(action(o.action))}${o.target ? ` → ${esc(target(o.target))}` : ''}` },
		{ title: '截止', kind: 'date', cell: o => esc(minute(o.due_at)) }, { title: '办理', cell: o => o.done_at ? `逾期后办 ${esc(minute(o.done_at))}` : '<b class="late">未办</b>' }, { title: '逾期', kind: 'num', cell: o => `${number(o.late_hours, 1)} 小时` },
	], overdue, { class: 'stack', empty: '没有逾期事项。' })}</section>
<section class="card"><h2>待处置<small>按等级、截止时间排序</small></h2>
<form class="filters" role="search" onsubmit="return false"><input type="search" id="q" placeholder="机构、规则" aria-label="搜索">
<select id="f-level" aria-label="等级"><option value="">全部等级</option>${LEVELS.slice(0, 3).map(l => `<option value="${l}">${LEVEL_ZH[l]}</option>`).join('')}</select><output id="shown">${alerts.length} 条</output></form>
${table([
		{ title: '等级', cell: a => badge(a.level) }, { title: '机构', kind: 'wide', cell: a => `${link(a)}<small>${esc(a.inst_id)} · ${esc(a.province ?? '')}</small>` },
		{ title: '规则', kind: 'wide', cell: a => `<a class="code" href="rules.html#${esc(a.rule)}">${esc(a.rule)}</a>${esc(a.rule_zh)}` }, { title: '问题', kind: 'num', cell: a => number(a.findings) }, { title: '涉及金额', kind: 'num', cell: a => money(a.amount) },
		{ title: '首次命中', kind: 'date', cell: a => esc(day(a.first_as_of)) }, { title: '下一步', cell: a => a.next_requirement ? `<span class="code">${esc(a.next_requirement)}</span>${esc(action(a.next_action))}${a.next_target ? ` → ${esc(target(a.next_target))}` : ''}` : '—' },
		{ title: '截止', kind: 'date', cell: a => esc(minute(a.next_due_at)) },
	], alerts, { id: 'board', class: 'stack', row: a => `data-level="${a.level}"` })}</section>`;
	return page({ title: '预警队列', here: 'alerts.html', run, body });
}

function bar(row) {
	const all = Number(row.institutions) || 1;
	return `<span class="share-bar" role="img" aria-label="${LEVELS.map(l => `${LEVEL_ZH[l]} ${row[l]}`).join('，')}">${LEVELS.filter(l => Number(row[l]) > 0)
		.map(l => `<i class="${l}" style="flex:${Number(row[l]) / all}">${esc(row[l])}</i>`).join('')}</span>`;
}

/** What the patterns of the bars mean, wherever there are bars. */
const legend = `<p class="legend" aria-label="图例">${LEVELS.map(l => `<span><i class="swatch ${l}"></i>${LEVEL_ZH[l]}</span>`).join('')}<span class="muted">条内数字为机构数</span></p>`;

export function sectorPage({ run, sector, sector_indicators, province, migration, moves }) {
	const newest = migration.filter(m => m.as_of === migration[0]?.as_of);
	const cell = (from, to) => newest.find(m => m.from_level === from && m.to_level === to)?.institutions ?? '';
	const all = sector.find(s => s.line === 'ALL');
	const body = `<div class="heading"><h1>行业全景</h1><p>${esc(day(run.since))} 至 ${esc(day(run.as_of))} 的交易额，最近一期备案的余额</p></div>
${all ? `<dl class="kpis"><div><dt>前10大平台占比 CR10</dt><dd data-kpi="cr10">${percent(all.cr10)}</dd></div><div><dt>集中度 HHI</dt><dd data-kpi="hhi">${number(all.hhi, 4)}</dd></div>
<div><dt>杠杆（余额÷净资产）</dt><dd data-kpi="leverage">${number(all.leverage, 2)} 倍</dd></div><div><dt>交易额</dt><dd>${money(all.traded)}</dd></div><div><dt>存量余额</dt><dd>${money(all.outstanding)}</dd></div><div><dt>展业机构</dt><dd>${number(all.institutions)}</dd></div></dl>` : ''}
<section class="card"><h2>业务条线<small>CR10、HHI 按交易额；杠杆 = 存量余额 ÷ 净资产</small></h2>${legend}${table([
		{ title: '条线', kind: 'wide', cell: s => `<b>${esc(s.line_zh ?? s.line)}</b>` }, { title: '机构', kind: 'num', cell: s => number(s.institutions) }, { title: '交易额', kind: 'num', cell: s => money(s.traded) },
		{ title: 'CR10', kind: 'num', cell: s => percent(s.cr10) }, { title: 'HHI', kind: 'num', cell: s => number(s.hhi, 4) }, { title: '存量余额', kind: 'num', cell: s => money(s.outstanding) },
		{ title: '杠杆', kind: 'num', cell: s => s.leverage === null ? '—' : `${number(s.leverage, 2)} 倍` }, { title: '等级分布', kind: 'bar', cell: bar },
	], sector, { id: 'sector-table', class: 'stack' })}</section>
<section class="card"><h2>等级迁移<small>${newest.length ? `${esc(day(newest[0].previous_as_of))} → ${esc(day(newest[0].as_of))}，行为上期、列为本期` : ''}</small></h2>${newest.length ? `<div class="scroll"><table class="matrix" id="migration"><thead><tr><th></th>${
		LEVELS.map(l => `<th scope="col">${badge(l)}</th>`).join('')}</tr></thead><tbody>${LEVELS.map((from, i) => `<tr><th scope="row">${badge(from)}</th>${
		LEVELS.map((to, j) => `<td class="${i === j ? 'same' : j < i ? 'worse' : 'better'}" data-move="${from}-${to}">${esc(cell(from, to)) || '·'}</td>`).join('')}</tr>`).join('')}</tbody></table></div>
<p class="note">左下为恶化，右上为好转。</p>` : '<p class="empty">只有一个监测日。</p>'}
<details${moves.length && moves.length < 15 ? ' open' : ''}><summary>等级变动的机构 ${moves.length} 家次</summary>${table([
		{ title: '监测日', kind: 'date', cell: m => esc(day(m.as_of)) }, { title: '机构', kind: 'wide', cell: link }, { title: '原等级', cell: m => badge(m.from_level) }, { title: '新等级', cell: m => badge(m.to_level) }, { title: '命中规则', cell: m => esc(m.hit_rules ?? '') },
	], moves, { class: 'stack' })}</details></section>
<section class="card"><h2>属地分布</h2>${legend}${table([{ title: '省份', kind: 'wide', cell: p => esc(p.province) }, { title: '机构', kind: 'num', cell: p => number(p.institutions) }, { title: '等级分布', kind: 'bar', cell: bar }], province, { class: 'stack' })}</section>
<section class="card"><h2>行业指标<small>规则按全行业或条线测得的数值</small></h2>${table([
		{ title: '指标', kind: 'wide', cell: i => `<a class="code" href="rules.html#${esc(i.rule)}">${esc(i.rule)}</a>${esc(i.rule_zh)}` }, { title: '范围', cell: i => esc(i.subject_id === 'ALL' && Number(i.subjects) === 1 ? '全行业' : ({ 'custody banks': '存管银行', platforms: '平台', borrowers: '借款人' })[i.subject_id] ?? i.subject_zh) },
		{ title: '数值', kind: 'num', cell: i => measured(i.value, i.unit, i.rule_zh) }, { title: '预警线', kind: 'num', cell: i => i.threshold === null ? '—' : `${compare(i.operator)} ${measured(i.threshold, i.unit, i.rule_zh)}` }, { title: '金额基数', kind: 'num', cell: i => money(i.amount) },
	], sector_indicators, { class: 'stack' })}</section>`;
	return page({ title: '行业全景', here: 'sector.html', run, body });
}

export function nobodyPage({ run, board, nobody }) {
	const charged = board.reduce((n, b) => n + Number(b.findings), 0);
	const body = `<div class="heading"><h1>未归属机构的问题</h1><p>本期问题 <b data-kpi="all">${number(charged + nobody.length)}</b> 项 = 归属机构 <a href="index.html">${number(charged)} 项</a> + 未归属机构 <b data-kpi="nobody">${number(nobody.length)}</b> 项</p></div>
<section class="card"><p class="note">涉及个人、账户、银行、网站或全行业，不计入任何一家机构的等级；由人工核实后移交或归户。</p>
<form class="filters" role="search" onsubmit="return false"><input type="search" id="q" placeholder="规则、对象" aria-label="搜索">
<select id="f-level" aria-label="等级"><option value="">全部等级</option>${LEVELS.slice(0, 3).map(l => `<option value="${l}">${LEVEL_ZH[l]}</option>`).join('')}</select><output id="shown">${nobody.length} 项</output></form>
${table([
		{ title: '等级', cell: f => badge(f.severity) }, { title: '规则', kind: 'wide', cell: f => `<a class="code" href="rules.html#${esc(f.rule)}">${esc(f.rule)}</a>${esc(f.rule_zh)}` },
		{ title: '对象', kind: 'wide', cell: f => esc(subject(f.subject_kind, f.subject_id)) }, { title: '金额', kind: 'num', cell: f => money(f.amount) },
		{ title: '观测值', kind: 'num', cell: f => number(f.observed, 4) }, { title: '阈值', kind: 'num', cell: f => f.operator && f.threshold !== null ? `${compare(f.operator)} ${number(f.threshold, 4)}` : '—' },
		{ title: '时间', kind: 'date', cell: f => esc(minute(f.occurred_at)) }, { title: '依据', kind: 'evidence', cell: f => esc(evidence(f.evidence)) || '—' },
		{ title: '认定', cell: f => f.candidate && f.review === 'pending' ? '待认定' : '—' },
	], nobody, { id: 'board', class: 'stack', empty: '没有。', row: f => `data-level="${f.severity}"` })}</section>`;
	return page({ title: '未归属机构的问题', here: 'nobody.html', run, body });
}

const STATE = { rule: '自动规则', candidate: '待认定规则', indicator: '监测指标', record: '台账要求', planned: '未实现', 'out of scope': '不适用' };
const OUTCOME = { hit: '命中', clear: '未发现', unknown: '数据不足', error: '出错' };

export function rulesPage({ run, catalogue }) {
	const count = state => catalogue.filter(c => c.state === state).length;
	const body = `<div class="heading"><h1>规则目录</h1><p>方案要求 ${catalogue.filter(c => c.plan).length} 条${catalogue.some(c => !c.plan) ? `，自有规则 ${catalogue.filter(c => !c.plan).length} 条` : ''}：${Object.entries(STATE).filter(([s]) => count(s)).map(([s, zh]) => `${zh} ${count(s)}`).join(' · ')}</p></div>
<section class="card"><form class="filters" role="search" onsubmit="return false"><input type="search" id="q" placeholder="编号、名称、条款" aria-label="搜索">
<select id="f-state" aria-label="状态"><option value="">全部状态</option>${Object.entries(STATE).map(([s, zh]) => `<option value="${s}">${zh}</option>`).join('')}</select>
<select id="f-outcome" aria-label="本期结果"><option value="">全部结果</option>${Object.entries(OUTCOME).map(([s, zh]) => `<option value="${s}">${zh}</option>`).join('')}</select><output id="shown">${catalogue.length} 条</output></form>
${table([
		{ title: '编号', cell: c => `<span class="code" id="${esc(c.code)}">${esc(c.code)}</span>` }, { title: '要求', kind: 'wide', cell: c => `${esc(c.title_zh)}<small>${esc(c.title_en)}</small>` },
		{ title: '条款', kind: 'wide', cell: c => `${c.clause ? `“${esc(c.clause)}”` : ''}<small>${c.plan ? `方案 ${esc(c.plan)}` : '自有规则'}</small>` }, { title: '阈值', cell: c => esc(threshold(c.threshold ?? '')) || '—' }, { title: '等级', cell: c => badge(c.severity) },
		{ title: '状态', kind: 'word', cell: c => esc(STATE[c.state] ?? c.state) }, { title: '本期结果', cell: c => c.outcome ? `${esc(OUTCOME[c.outcome] ?? c.outcome)}${Number(c.hits) > 0 ? ` <b>${number(c.hits)}</b>` : ''}` : '<span class="muted">—</span>' },
	], catalogue, { id: 'board', class: 'stack', row: c => `data-state="${esc(c.state)}" data-outcome="${esc(c.outcome ?? '')}"` })}</section>`;
	return page({ title: '规则目录', here: 'rules.html', run, body });
}
