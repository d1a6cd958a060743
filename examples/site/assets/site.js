// Charts of the page, filters of its list, the tab of the section in view. Everything else is in the HTML already.
'use strict';
(() => {
	// charts
	const given = document.getElementById('charts');
	if (given && window.echarts) {
		const drawn = [];
		for (const { id, option, layers } of JSON.parse(given.textContent)) {
			const box = document.getElementById(id);
			if (!box) continue;
			const [series] = option.series;
			option.animation = false;
			const fit = () => {
				if (layers > 1) {
					// a label may reach to the next layer, not into it; the whole name is in the tooltip and in the list
					series.label.width = Math.max(90, (box.clientWidth - series.left - series.right) / (layers - 1) - 28);
					series.label.overflow = 'truncate';
					// what a link says lies between two layers too: days go below the amount where a line is too long to fit (it stands right of the middle, by its offset)
					const room = (box.clientWidth - series.left - series.right) / (layers - 1) - series.nodeWidth;
					const wide = words => Math.max(...words.split('\n').map(line => [...line].reduce((w, c) => w + (c > '\u2e7f' ? 11.5 : 6.5), 0)));
					const lies = words => wide(words) / 2 + 24 <= room / 2;
					for (const link of series.links) {
						if (!link.edgeLabel || !link.edgeLabel.formatter) continue;
						link.words = link.words || link.edgeLabel.formatter;
						const below = link.words.replace(/ (?=\d{4}-\d\d-\d\d)/, '\n');
						link.edgeLabel.formatter = [link.words, below, below.replace(' 至 ', ' 至\n')].find(lies) || link.words.split('\n')[0].replace(/ \d{4}-\d\d-\d\d.*$/, '');
						link.edgeLabel.lineHeight = 13;
					}
				}
				return option;
			};
			const chart = window.echarts.init(box, null, { renderer: 'svg' });
			chart.setOption(fit());
			drawn.push(() => { chart.resize(); chart.setOption(fit()); });
		}
		let wait;
		window.addEventListener('resize', () => { clearTimeout(wait); wait = setTimeout(() => drawn.forEach(f => f()), 100); });
	}

	// filters
	const list = document.getElementById('board');
	const shown = document.getElementById('shown');
	if (list && shown) {
		const rows = [...list.tBodies[0].rows].map(row => ({ row, text: row.textContent.toLowerCase() }));
		const words = document.getElementById('q');
		const selects = ['level', 'line', 'province', 'state', 'outcome'].map(key => [key, document.getElementById(`f-${key}`)]).filter(([, s]) => s);
		const unit = shown.textContent.replace(/[\d\s]/g, '');
		const tiles = [...document.querySelectorAll('[data-filter-level]')];
		const apply = () => {
			const want = words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
			let n = 0;
			for (const { row, text } of rows) {
				const fits = want.every(w => text.includes(w)) && selects.every(([key, s]) => !s.value || row.dataset[key] === s.value);
				row.hidden = !fits;
				n += fits;
			}
			shown.textContent = `${n} ${unit}`;
			for (const tile of tiles) tile.setAttribute('aria-pressed', String(tile.dataset.filterLevel === document.getElementById('f-level').value));
		};
		words.addEventListener('input', apply);
		for (const [, s] of selects) s.addEventListener('change', apply);
		for (const tile of tiles) tile.addEventListener('click', () => {
			const select = document.getElementById('f-level');
			select.value = select.value === tile.dataset.filterLevel ? '' : tile.dataset.filterLevel;
			apply();
		});
		apply();
	}

	// tabs
	const tabs = [...document.querySelectorAll('.tabs a')];
	if (tabs.length && 'IntersectionObserver' in window) {
		const seen = new IntersectionObserver(entries => {
			for (const e of entries) if (e.isIntersecting) for (const t of tabs) t.classList.toggle('now', t.hash === `#${e.target.id}`);
		}, { rootMargin: '-60px 0px -70% 0px' });
		for (const t of tabs) { const s = document.querySelector(t.hash); if (s) seen.observe(s); }
	}
})();
