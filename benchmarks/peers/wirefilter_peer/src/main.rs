//! wirefilter, one event at a time: `wirefilter_peer EVENTS RULES FIELDS`, files as wirefilter.py writes them.
//! What is asked and answered on standard input and output is described in protocol.py.

use std::io::{BufRead, Write};
use std::time::Instant;
use wirefilter::{ExecutionContext, Filter, LhsValue, Scheme, Type};

/// Reads little-endian values one after another (workload.py: write_events).
struct Reader {
    bytes: &'static [u8],
    at: usize,
}

impl Reader {
    fn take(&mut self, size: usize) -> &'static [u8] {
        let out = &self.bytes[self.at..self.at + size];
        self.at += size;
        out
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take(8).try_into().unwrap())
    }

    fn value(&mut self, kind: Type) -> LhsValue<'static> {
        match kind {
            Type::Bool => LhsValue::Bool(self.u64() != 0),
            Type::Int => LhsValue::Int(self.u64() as i64 as i32),
            _ => {
                let size = u32::from_le_bytes(self.take(4).try_into().unwrap());
                LhsValue::Bytes(self.take(size as usize))
            }
        }
    }
}

fn cpu_ns() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

fn evaluate<'s>(filters: &[Filter<'s>], events: &[ExecutionContext<'s>], count: usize) -> (u64, u64) {
    let (mut matches, mut checksum) = (0, 0);
    for (event, number) in events[..count].iter().zip(1u64..) {
        let mut rules = 0;
        for (filter, rule) in filters.iter().zip(1u64..) {
            if filter.execute(event).unwrap() {
                matches += 1;
                rules += rule;
            }
        }
        checksum += number * rules;
    }
    (matches, checksum)
}

/// What lives as long as the process is leaked: values and filters borrow from it.
fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let text = |path: &str| leak(std::fs::read_to_string(path).expect(path));
    let fields: Vec<(&str, Type)> = text(&paths[2])
        .lines()
        .map(|line| match line.split_once(' ').unwrap() {
            (name, "Bool") => (name, Type::Bool),
            (name, "Int") => (name, Type::Int),
            (name, _) => (name, Type::Bytes),
        })
        .collect();
    let scheme = leak(Scheme::try_from_iter(fields.iter().map(|&(name, kind)| (name.to_owned(), kind))).unwrap());
    let mut reader = Reader { bytes: leak(std::fs::read(&paths[0]).expect(&paths[0])), at: 0 };
    let count = reader.u64();
    let mut events: Vec<ExecutionContext> = Vec::new();
    for _ in 0..count {
        let mut event = ExecutionContext::new(scheme);
        for &(name, kind) in &fields {
            event.set_field_value(name, reader.value(kind)).unwrap();
        }
        events.push(event);
    }
    let rules = text(&paths[1]);

    let mut filters: Vec<Filter> = Vec::new();
    println!("{{\"events\": {}}}", events.len());
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let (cpu, wall) = (cpu_ns(), Instant::now());
        match words[..] {
            ["load"] => {
                filters = rules.lines().map(|rule| scheme.parse(rule).expect(rule).compile()).collect();
                std::hint::black_box(evaluate(&filters, &events, 1));
                println!("{{\"cpu_ns\": {}, \"wall_ns\": {}}}", cpu_ns() - cpu, wall.elapsed().as_nanos());
            }
            ["totals", count] => {
                let (matches, checksum) = evaluate(&filters, &events, count.parse().unwrap());
                println!("{{\"matches\": {matches}, \"checksum\": {checksum}}}");
            }
            ["time", seconds, count] => {
                let budget = (seconds.parse::<f64>().unwrap() * 1e9) as u64;
                let mut passes = 0;
                let (matches, checksum) = loop {
                    let totals = evaluate(&filters, &events, count.parse().unwrap());
                    passes += 1;
                    if cpu_ns() - cpu >= budget {
                        break totals;
                    }
                };
                println!(
                    "{{\"matches\": {matches}, \"checksum\": {checksum}, \"passes\": {passes}, \"cpu_ns\": {}, \"wall_ns\": {}}}",
                    cpu_ns() - cpu,
                    wall.elapsed().as_nanos()
                );
            }
            _ => panic!("unknown command: {line}"),
        }
        std::io::stdout().flush().unwrap();
    }
}
