// bench/rust_bench.rs
//	  The Rust crate aho-corasick (librust-aho-corasick-dev) on the names: lines with a hit.
//
// rust_bench WORDS FILE...: prints rows "what|ms|hits"; ms are CPU time, the
// median of three. A DFA up to 10,000 words, beyond that (where it would take
// gigabytes) the crate's NFA.
use aho_corasick::AhoCorasickBuilder;
use std::fs;

fn now() -> f64 {
    // utime and stime in clock ticks of 10 ms are too coarse; schedstat has nanoseconds on the processor
    let s = fs::read_to_string("/proc/self/schedstat").unwrap();
    s.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let words = fs::read(&args[1]).unwrap();
    let words: Vec<&[u8]> = words.split(|b| *b == b'\n').filter(|w| !w.is_empty()).collect();
    let start = now();
    let matcher = AhoCorasickBuilder::new().dfa(words.len() <= 10_000).build(&words);
    println!("compile|{:.1}|{}", now() - start, matcher.pattern_count());
    for name in &args[2..] {
        let text = fs::read(name).unwrap();
        let mut lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
        lines.pop();
        let mut ms = vec![];
        let mut hits = 0;
        for _ in 0..3 {
            let start = now();
            hits = lines.iter().filter(|l| matcher.is_match(l)).count();
            ms.push(now() - start);
        }
        ms.sort_by(|a, b| a.partial_cmp(b).unwrap());
        println!("lines|{:.1}|{}", ms[1], hits);
    }
}
