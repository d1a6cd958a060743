// One institution: why this level, indicators, where the money went, owners, names, deadlines, history.
import { LEVEL_ZH, badge, change, compare, day, esc, levelTitle, measured, minute, money, number, open, page, percent, table } from './html.mjs';
import { ownerTree, peerStrip, sankeySize, twoLines } from './charts.mjs';
import { action, evidence, flags, subject, target } from './words.mjs';

const REVIEW = { pending: '待认定', confirmed: '已认定', rejected: '已排除', 'not needed': '' };
const FIELD = { name: '名称', scope: '经营范围', ad: '广告', text: '宣传', scope_item: '经营范围' };
const sum = (list, key) => list.reduce((n, r) => n + Number(r[key] ?? 0), 0);
const atRelated = rows => rows.filter(r => r.related && Number(r.held) > 0);

/** Why the level in force is not the one measured: data are missing (which lowers nobody and may make it worse), or it has not been better for long enough. */
function standing(b) {
	if (b.measured_level !== 'unknown')
		return b.level === b.measured_level ? '' : ` 本期测算等级为${badge(b.measured_level)}，降级须经观察期。`;
	if (b.incomplete)
		return ` <b class="lowered" data-incomplete>${b.level === 'unknown' ? '' : `已能认定至少为${LEVEL_ZH[b.level]}；`}${open(b)}。</b>`;
	return b.level === 'unknown' ? '' : ` 本期数据不足，未能测算；现行等级${LEVEL_ZH[b.level]}不因缺数据下调。`;
}

function verdict(b, hits) {
	const worst = hits.filter(h => h.rule_level === b.level);
	if (hits.length === 0)
		return b.level === 'green' ? '本期未发现问题。' : b.level === 'unknown' ? '数据不足，不能判断为正常。' : b.measured_level === 'unknown' ? '本期未命中规则。' : `本期未命中规则；等级在观察期内保持${LEVEL_ZH[b.level]}。`;
	return `本期命中 <b>${hits.length}</b> 条规则${worst.length ? `，其中 <b>${worst.length}</b> 条直接定为${LEVEL_ZH[b.level]}：${
		worst.slice(0, 4).map(h => `<a href="#rule-${esc(h.rule)}">${esc(h.rule_zh)}</a>`).join('、')}${worst.length > 4 ? `等 ${worst.length} 条` : ''}` : ''}。涉及金额 ${money(b.amount)}。`;
}

/** What a finding rests on: one line, or a list to open when there are several. */
function proof(own) {
	const review = f => REVIEW[f.review] ?? f.review;
	if (own.length === 1) {
		const [f] = own;
		return `<p class="proof"><b>证据</b> ${[subject(f.subject_kind, f.subject_id), f.occurred_at ? minute(f.occurred_at) : '', evidence(f.evidence), review(f)].filter(Boolean).map(esc).join(' · ')}</p>`;
	}
	return own.length ? `<details><summary>证据 ${own.length} 项</summary>${table([
		{ title: '对象', cell: f => esc(subject(f.subject_kind, f.subject_id)) }, { title: '金额', kind: 'num', cell: f => money(f.amount) }, { title: '时间', kind: 'date', cell: f => esc(minute(f.occurred_at)) },
		{ title: '认定', cell: f => esc(review(f)) || '—' }, { title: '依据', kind: 'evidence', cell: f => esc(evidence(f.evidence)) || '—' },
	], own, { class: 'stack' })}</details>` : '';
}

/** A candidate counts one level lower until a person confirms it: both levels in one phrase, wherever one of them is shown. */
const lowered = r => r.severity && r.rule_level && r.severity !== r.rule_level ? `待认定：规则为${LEVEL_ZH[r.severity]}，认定前按${LEVEL_ZH[r.rule_level]}计` : '待认定';

function why(hits, findings, gaps) {
	const cards = hits.map(h => {
		const own = findings.filter(f => f.rule === h.rule);
		return `<article class="hit ${esc(h.rule_level ?? '')}" id="rule-${esc(h.rule)}"><header>${badge(h.rule_level)}<h3><span class="code">${esc(h.rule)}</span>${esc(h.rule_zh)}</h3>
<span class="points">占得分 ${percent(h.share_of_score, 0)}</span></header>
<p>${esc(h.reason_zh)}${h.candidate ? ` <b class="lowered">${lowered(h)}</b>` : ''}</p>
<dl class="facts"><div><dt>观测值</dt><dd>${number(h.observed, 4)}</dd></div><div><dt>阈值</dt><dd>${h.threshold === null ? '—' : h.operator ? `${compare(h.operator)} ${number(h.threshold, 4)}` : Number(h.threshold) === 0 ? '出现即触发' : number(h.threshold, 4)}</dd></div>
<div><dt>问题数</dt><dd>${number(h.findings)}</dd></div><div><dt>涉及金额</dt><dd>${money(h.amount)}</dd></div><div class="clause"><dt>条款</dt><dd>方案 ${esc(h.plan)}：${esc(h.clause ?? h.rule_zh)} <a href="../rules.html#${esc(h.rule)}">规则</a></dd></div></dl>
${proof(own)}</article>`;
	}).join('\n');
	return (cards || '<p class="empty">没有规则命中。</p>') + (gaps.length ? `<details class="gaps"><summary>数据不足、未能判断的规则 ${gaps.length} 条</summary><ul>${
		gaps.map(g => `<li><span class="code">${esc(g.rule)}</span>${esc(g.rule_zh)}</li>`).join('')}</ul></details>` : '');
}

function moneySection(rows, option) {
	if (!option || rows.length === 0) return '<p class="empty">本期没有可追踪的资金：只追踪网络借贷机构付给借款人的放款。</p>';
	const ended = sum(rows, 'held') + sum(rows, 'exited');
	const related = atRelated(rows);
	const share = ended > 0 ? sum(related, 'held') / ended : 0;
	return `<p class="verdict">窗口内放出的出借资金 <b data-money="ended">${money(ended)}</b>，其中 <b class="${related.length ? 'late' : ''}" data-money="related">${money(sum(related, 'held'))}（${percent(share)}）停在关联方手里</b>${
		related.length ? `：${related.slice(0, 5).map(r => `${esc(r.owner_name)} ${money(r.held)}`).join('、')}${related.length > 5 ? '等' : ''}` : ''}；回到存管等账户 ${money(sum(rows, 'exited'))}。</p>
<div class="scroll"><div class="chart wide-only" id="money" style="height:${sankeySize(option).height}px" role="img" aria-label="资金去向图：从存管账户到最终持有人"></div></div>
<p class="note">按先进先出归属；点按节点可突出其上下游，窄屏可左右滑动。图中户名前的【红】等为机构现行等级，“留存”为期末仍在该户的金额。</p>
${table([
		{ title: '持有人', kind: 'wide', cell: r => `${esc(r.owner_name)}<small>${esc(r.account_id)} · ${esc(r.owner_kind_zh ?? '')}</small>` }, { title: '关联方', cell: r => r.related ? '<b class="late">是</b>' : '否' },
		{ title: '流入', kind: 'num', cell: r => money(r.received) }, { title: '流出', kind: 'num', cell: r => money(r.sent) }, { title: '留存', kind: 'num', cell: r => money(r.held) },
		{ title: '回到存管等', kind: 'num', cell: r => money(r.exited) }, { title: '占比', kind: 'num', cell: r => percent(r.share_held) }, { title: '首次到达', kind: 'date', cell: r => esc(minute(r.first_at)) },
	], rows, { id: 'holders', class: 'stack' })}`;
}

export function institutionPage({ run, b, register, reasons, findings, indicators, money: holders, picture, owners, names, deadlines, history }) {
	const hits = reasons.filter(r => r.status === 'hit'), gaps = reasons.filter(r => r.status === 'gap'), others = reasons.filter(r => !['hit', 'gap'].includes(r.status));
	const charts = [];
	const way = picture ? twoLines(JSON.parse(picture)) : null;
	if (way && holders.length) charts.push({ id: 'money', option: way, layers: sankeySize(way).layers });
	const tree = owners.some(o => o.owned !== null && o.party !== null) ? ownerTree(b.inst_id, b.name, owners) : null;
	if (tree) charts.push({ id: 'owners', option: tree.option });
	const final = owners.filter(o => o.ultimate || o.party === null);
	const sections = [
		['why', `为什么是${esc(b.level_zh)}`, why(hits, findings, gaps) + others.map(o => `<p class="note">${o.status === 'override' ? '人工调级' : `<span class="code">${esc(o.rule)}</span>${esc(o.rule_zh)}`}：${esc(o.note_zh)}</p>`).join('')],
		['flow', '资金去向', moneySection(holders, way)],
		['indicators', '指标', table([
			{ title: '指标', kind: 'wide', cell: i => `<span class="code">${esc(i.rule)}</span>${esc(i.rule_zh)}` },
			{ title: '本机构', kind: 'num', cell: i => i.value === null ? '<span class="muted">未知</span>' : `<b class="${i.beyond ? 'late' : ''}">${measured(i.value, i.unit, i.rule_zh)}</b>` },
			{ title: '预警线', kind: 'num', cell: i => i.threshold === null ? '—' : `${compare(i.operator)} ${measured(i.threshold, i.unit, i.rule_zh)}` },
			{ title: '结论', cell: i => i.beyond === true ? '<b class="late">触线</b>' : i.beyond === false ? '未触线' : `<span class="muted">${i.value === null ? '数据不足' : '仅监测'}</span>` },
			{ title: '同业中位数', kind: 'num', cell: i => Number(i.peers) > 1 ? measured(i.median, i.unit, i.rule_zh) : '—' },
			{ title: '同业位置', cell: i => peerStrip(i) || '<span class="muted">无同业</span>' },
			{ title: '同业数', kind: 'num', cell: i => number(i.peers) },
		], indicators, { id: 'indicator-table', class: 'stack', empty: '没有适用的指标。' }) + (indicators.length ? '<p class="note">同业位置：细线为全距，灰块为中间一半，竖线为中位数，红虚线为预警线，圆点为本机构；同业为同一条线的机构。</p>' : '')],
		['equity', '股权穿透', (tree ? `<div class="scroll"><div class="chart wide-only" id="owners" style="height:${tree.height}px" role="img" aria-label="股权结构图"></div></div>` : '') + table([
			{ title: '最终持有人', cell: o => o.party === null ? '（无法确定）' : esc(o.party_name) }, { title: '层数', kind: 'num', cell: o => number(o.layers) },
			{ title: '穿透持股', kind: 'num', cell: o => percent(o.total) }, { title: '提示', cell: o => esc(flags(o.flags)) || '—' },
		], [...new Map(final.map(o => [o.party, o])).values()], { empty: '没有备案的股东。' })],
		['names', '名称与宣传', table([
			{ title: '等级', cell: n => n.rule_level ? badge(n.rule_level) : n.review === 'rejected' ? '<span class="muted">不计</span>' : badge(n.severity) }, { title: '规则', kind: 'wide', cell: n => `<span class="code">${esc(n.rule)}</span>${esc(n.rule_zh)}` },
			{ title: '命中词', cell: n => n.term ? `<mark>${esc(n.term)}</mark>` : n.quoted ? esc(n.quoted) : '<span class="muted">非词表命中</span>' }, { title: '位置', cell: n => esc(FIELD[n.field] ?? n.field ?? (n.subject_kind === 'text' ? subject('text', n.subject_id) : '—')) },
			{ title: '依据', cell: n => esc(n.basis ?? '—') }, { title: '认定', cell: n => n.review === 'rejected' ? '已排除' : n.candidate && n.review !== 'confirmed' ? lowered(n) : '—' },
		], names, { class: 'stack', empty: '名称、经营范围与宣传材料未命中词表。' })],
		['deadlines', '处置时限', table([
			{ title: '预警', kind: 'wide', cell: d => `${badge(d.level)} <span class="code">${esc(d.rule)}</span>` }, { title: '应办事项', cell: d => `${esc(action(d.action))}${d.target ? ` → ${esc(target(d.target))}` : ''}` },
			{ title: '条款', cell: d => `<span class="code">${esc(d.requirement)}</span>${esc(d.requirement_zh)}` }, { title: '截止', kind: 'date', cell: d => d.due_at ? esc(minute(d.due_at)) : '<span class="muted">尚未起算</span>' },
			{ title: '办理', cell: d => d.done_at ? `已办 ${esc(minute(d.done_at))}` : d.due_at ? '<b>未办</b>' : '—' },
		], deadlines, { id: 'deadline-table', class: 'stack', empty: '没有待办事项。' })],
		['history', '等级历史', table([
			{ title: '监测日', kind: 'date', cell: h => esc(day(h.as_of)) }, { title: '现行等级', cell: h => badge(h.level, { words: h.level_zh }) }, { title: '测算等级', cell: h => badge(h.measured_level) }, { title: '得分', kind: 'num', cell: h => number(h.score) },
		], [...history].reverse())],
	];
	const body = `<p class="crumb"><a href="../index.html">风险看板</a> / ${esc(b.inst_id)}</p>
<div class="subject ${b.level}"><div><h1>${esc(b.name)}</h1>
<p>${esc(b.inst_id)}${register?.uscc ? ` · ${esc(register.uscc)}` : ''} · ${esc(b.province ?? '')}${b.line_zh ? ` · ${esc(b.line_zh)}` : ''}${register?.registered_on ? ` · ${esc(register.registered_on)} 设立` : ''}${register?.paid_in_capital ? ` · 实缴 ${money(register.paid_in_capital)}` : ''}</p></div>
<div class="standing">${badge(b.level, { big: true, words: b.level_zh })}<span>${esc(levelTitle(b.level).replace(/^.*（|）$/g, ''))} · ${change(b)}</span></div></div>
<dl class="kpis"><div><dt>得分</dt><dd data-kpi="score">${number(b.score)}</dd></div><div><dt>全部机构中</dt><dd>第 ${number(b.place)} 位</dd></div><div><dt>问题</dt><dd data-kpi="findings">${number(b.findings)}</dd></div>
<div><dt>涉及金额</dt><dd data-kpi="amount">${money(b.amount)}</dd></div><div><dt>数据覆盖</dt><dd>${percent(b.coverage, 0)}</dd></div><div><dt>待处置预警</dt><dd>${number(b.open_alerts)}</dd></div></dl>
<p class="verdict">${verdict(b, hits)}${standing(b)}${holders.length ? ` <a href="#flow">资金去向</a>：放出的出借资金 ${money(sum(holders, 'held') + sum(holders, 'exited'))}，停在关联方手里 <b${atRelated(holders).length ? ' class="late"' : ''}>${money(sum(atRelated(holders), 'held'))}</b>。` : ''}</p>
<nav class="tabs" aria-label="本页">${sections.map(([id, title]) => `<a href="#${id}">${title}</a>`).join('')}</nav>
${sections.map(([id, title, html]) => `<section class="card" id="${id}"><h2>${title}</h2>${html}</section>`).join('\n')}`;
	return page({ title: b.name, depth: 1, run, body, charts });
}
