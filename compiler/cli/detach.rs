//! `detach`: a guest's port out of its network.

use clap::Args;

use super::attach::{Networks, Report, refusal};
use super::{Format, Outcome};
use crate::host::ports;
use crate::plan::attach::detach;
use crate::value::DeviceName;

/// Take a guest's port out of its network; the device stays
///
/// Undoes what 'attach' did: bridge, VLAN, isolation, limits, address, MTU. Of a port that somebody
/// else made one, only its place on the bridge goes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lanwright detach vnet0")]
pub struct Arguments {
    /// The device
    #[arg(value_name = "PORT")]
    port: DeviceName,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let _lock = match arguments.dry_run {
        true => None,
        false => Some(super::alone("detach")?),
    };
    let networks = Networks::look(arguments.dry_run)?;
    let port = &arguments.port;
    let limits = &networks.ir.state.shaping;
    let look = || ports::look(port, &[], limits);
    let seen = look()?;
    let ours = networks.ours();
    let device = seen.capture.device(port);
    let master = device.and_then(|device| device.master.as_ref());
    let of_master = master.and_then(|master| ours.bridges.get(master));
    let recorded = seen.record.as_ref().map(|record| &record.network);
    let mut report = Report::leaving(port, of_master.or(recorded));
    report.dry_run = arguments.dry_run;
    report.bridge = master.map(ToString::to_string);
    let refused = match (device, master, of_master) {
        (None, ..) if recorded.is_none() => Some(refusal(
            format!("there is no device '{port}'"),
            "'lanwright status' lists the ports of each network".to_owned(),
        )),
        (_, Some(master), None) => Some(refusal(
            format!("'{port}' is a port of {master}, which is no network of lanwright"),
            format!("ip link set dev {port} nomaster, if it is to leave"),
        )),
        _ => ours.uplinks.get(port).map(|network| {
            refusal(
                format!("'{port}' is the uplink of network '{network}', no guest's port"),
                format!("'lanwright down {network}' takes the network down"),
            )
        }),
    };
    if let Some(refusals) = refused {
        return report.refused(refusals, arguments.format);
    }
    let plan = detach(port, &seen);
    report.plan(&plan);
    if arguments.dry_run {
        return report.show(&plan, arguments.format);
    }
    let done = ports::carry_out(&plan, || Ok(detach(port, &look()?)))?;
    report.skipped = done.skipped;
    report.print(arguments.format)?;
    Ok(Outcome::Done)
}
