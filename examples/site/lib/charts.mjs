// Options and pictures that are not made by SQL: bars of levels, the owner tree, the peer strip.
import * as echarts from 'echarts';
import { LEVEL_ZH, esc, percent } from './html.mjs';

const FONT = { textStyle: { fontFamily: 'Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, sans-serif' } };
const FILL = { red: '#8f1414', orange: '#f5a25d', yellow: '#fff3b0', unknown: '#ffffff', green: '#d9efe0' };
const LINE = { red: '#4d0000', orange: '#7a3d00', yellow: '#8a6d00', unknown: '#5f6b7a', green: '#2e7d4f' };
// patterns, so that the parts of a bar differ in a grey print
const DECAL = {
	red: { symbol: 'none' }, orange: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4, color: 'rgba(0,0,0,.28)' },
	yellow: { symbol: 'circle', dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [5, 0], symbolSize: .5, color: 'rgba(0,0,0,.25)' },
	unknown: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [1, 6], rotation: -Math.PI / 4, color: 'rgba(0,0,0,.3)' }, green: { symbol: 'none' },
};

export function levelBars(days, trend) {
	const levels = ['red', 'orange', 'yellow', 'unknown'];
	return {
		...FONT, animation: false,
		grid: { left: 40, right: 12, top: 36, bottom: 28 }, tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' } },
		legend: { top: 0, left: 0, itemWidth: 18, itemHeight: 12 },
		xAxis: { type: 'category', data: days.map(d => d.slice(5, 10)), axisTick: { show: false } }, yAxis: { type: 'value', minInterval: 1 },
		series: levels.map(level => ({
			name: LEVEL_ZH[level], type: 'bar', stack: 'level', barMaxWidth: 46,
			itemStyle: { color: FILL[level], borderColor: LINE[level], borderWidth: 1, decal: DECAL[level] },
			label: { show: true, color: level === 'red' ? '#fff' : '#1c2733', fontSize: 11, textBorderColor: level === 'red' ? '#8f1414' : '#fff', textBorderWidth: 2 },
			data: days.map(d => Number(trend.find(t => t.as_of === d && t.level === level)?.institutions ?? 0) || null),
		})),
	};
}

/** Owners upwards from an institution, from the rows of queries/owners.sql; a ring is cut where it closes and says so. */
export function ownerTree(instId, name, rows) {
	const owners = new Map();
	for (const row of rows)
		if (row.owned !== null && row.party !== null) {
			if (!owners.has(row.owned)) owners.set(row.owned, []);
			owners.get(row.owned).push(row);
		}
	const total = new Map(rows.filter(r => r.party !== null).map(r => [r.party, r]));
	let drawn = 0;
	const node = (id, label, share, path) => {
		const row = total.get(id);
		const parts = [label];
		if (share !== null) parts.push(`持股 ${percent(share)}`);
		if (row && row.total !== null && row.ultimate) parts.push(`穿透合计 ${percent(row.total)}`);
		const out = { name: parts.join('\n'), itemStyle: row?.ultimate ? { color: '#1f4e79' } : undefined };
		if (path.includes(id)) return { ...out, name: `${label}\n（循环持股，见前）` };
		if (drawn++ < 60) out.children = (owners.get(id) ?? []).map(r => node(r.party, r.party_name, r.share, [...path, id]));
		else if (owners.has(id)) out.name += '\n（以上从略）';
		return out;
	};
	const root = node(instId, name, null, []);
	const depth = n => 1 + Math.max(0, ...(n.children ?? []).map(depth));
	const leaves = n => n.children?.length ? n.children.reduce((s, c) => s + leaves(c), 0) : 1;
	return {
		height: Math.max(150, 66 * leaves(root)), depth: depth(root),
		option: {
			animation: false, tooltip: { trigger: 'item', formatter: '{b}' },
			series: [{
				type: 'tree', data: [root], orient: 'LR', left: 10, right: 190, top: 16, bottom: 16, symbol: 'emptyCircle', symbolSize: 9, initialTreeDepth: -1,
				roam: false, expandAndCollapse: false, edgeShape: 'polyline', lineStyle: { color: '#8a97a8', width: 1.4 },
				label: { position: 'right', align: 'left', verticalAlign: 'middle', fontSize: 12, lineHeight: 15, color: '#1c2733', backgroundColor: '#ffffffcc', padding: [2, 4] },
			}],
		},
	};
}

/** Where a value stands among its peers: span, middle half, median, threshold, the value. */
export function peerStrip(row) {
	if (row.value === null || Number(row.peers) < 2) return '';
	const n = key => row[key] === null ? null : Number(row[key]);
	const marks = ['smallest', 'largest', 'value', 'threshold'].map(n).filter(v => v !== null);
	const low = Math.min(...marks), span = Math.max(...marks) - low || 1;
	const x = v => (4 + 152 * (v - low) / span).toFixed(1);
	return `<svg class="strip" viewBox="0 0 160 20" role="img" aria-label="${esc(`同业 ${row.peers} 家中的位置`)}"><line x1="${x(n('smallest'))}" x2="${x(n('largest'))}" y1="10" y2="10" class="span"/>` +
		`<rect x="${x(n('lower_quartile'))}" width="${Math.max(1, x(n('upper_quartile')) - x(n('lower_quartile'))).toFixed(1)}" y="6" height="8" class="half"/>` +
		`<line x1="${x(n('median'))}" x2="${x(n('median'))}" y1="4" y2="16" class="median"/>` +
		(n('threshold') === null ? '' : `<line x1="${x(n('threshold'))}" x2="${x(n('threshold'))}" y1="0" y2="20" class="threshold"/>`) +
		`<circle cx="${x(n('value'))}" cy="10" r="4.5" class="${row.beyond ? 'beyond' : 'within'}"/></svg>`;
}

/** What rests goes below the name: long names then leave room for it, and nodes lie far enough apart for two lines. */
export function twoLines(option) {
	const [series] = option.series;
	for (const { label } of series.data) label.formatter = label.formatter.replace(/ {2}(?=留存 )/, '\n');
	Object.assign(series, { nodeGap: 26 });
	Object.assign(series.label, { lineHeight: 13, fontSize: 11.5 });
	return option;
}

/** Height of a Sankey option, a line of text per node of its fullest layer, and its number of layers. */
export function sankeySize(option) {
	const { links } = option.series[0], layer = new Map();
	for (let moved = true, round = 0; moved && round <= links.length; round++) {
		moved = false;
		for (const { source, target } of links) {
			const depth = (layer.get(source) ?? 0) + 1;
			if (depth > (layer.get(target) ?? 0)) { layer.set(target, depth); moved = true; }
		}
	}
	const filled = [];
	for (const { name } of option.series[0].data) { const d = layer.get(name) ?? 0; filled[d] = (filled[d] ?? 0) + 1; }
	return { height: Math.max(260, 90 + 42 * Math.max(...filled)), layers: filled.length };
}

/** An option as SVG text, so that the first page needs no script to show it. */
export function still(option, width, height) {
	const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
	chart.setOption(option);
	const svg = chart.renderToSVGString();
	chart.dispose();
	return svg;
}
