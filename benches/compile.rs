//! How long it takes to compile many networks: 1,000 and 10,000 NAT networks with DHCP, from XML
//! to every artifact, without and with writing them.
//!
//! `cargo bench --bench compile`; the whole-process figures are in `benches/process`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lanwright::backend::{BACKENDS, Compiled, Layout};
use lanwright::diagnostic::Sink;
use lanwright::source::{Source, Sources};
use lanwright::{lower, network, xml};

/// The XML of the network with this number: its own /24, bridge, range and two hosts.
fn network_xml(number: usize) -> String {
    let (a, b) = (number / 256 % 256, number % 256);
    let net = format!("10.{a}.{b}");
    format!(
        "<network>\n  <name>net{number}</name>\n  <forward mode='nat'/>\n  \
         <bridge name='lw{number}'/>\n  <domain name='net{number}.example' localOnly='yes'/>\n  \
         <ip address='{net}.1' netmask='255.255.255.0'>\n    <dhcp>\n      \
         <range start='{net}.100' end='{net}.200'/>\n      \
         <host mac='52:54:00:00:{a:02x}:{b:02x}' name='one' ip='{net}.11'/>\n    \
         </dhcp>\n  </ip>\n</network>\n"
    )
}

/// From texts to the number of bytes of all artifacts.
fn compile(texts: &[String]) -> usize {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    for (number, text) in texts.iter().enumerate() {
        sources.add(Source::new(format!("net{number}.xml"), text.clone()));
    }
    let declared = sources
        .iter()
        .filter_map(|(id, source)| xml::read(id, source, &mut sink))
        .collect();
    let set = network::assemble(declared, &mut sink).expect("the networks are good");
    let ir = lower::lower(&set);
    let compiled = Compiled {
        state: &ir.state,
        policy: &ir.policy,
        layout: Layout::Native,
    };
    let outputs = BACKENDS.iter().map(|backend| (backend.emit)(&compiled));
    outputs
        .flat_map(|output| output.artifacts)
        .map(|artifact| artifact.text.len())
        .sum()
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for count in [1, 100, 1_000, 10_000] {
        let texts: Vec<String> = (0..count).map(network_xml).collect();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(count),
            &texts,
            |bencher, texts| {
                bencher.iter(|| black_box(compile(texts)));
            },
        );
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
