// Draw ECharts options as SVG without a browser: JSON lines on standard input, one SVG file per line in DIRECTORY.
//   node render-option.mjs DIRECTORY
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as echarts from 'echarts';

let n = 0;
for await (const line of createInterface({ input: process.stdin })) {
	const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 1200, height: 700 });
	chart.setOption({ animation: false, ...JSON.parse(line) });
	writeFileSync(join(process.argv[2], `${++n}.svg`), chart.renderToSVGString());
	chart.dispose();
}
