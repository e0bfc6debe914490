//! Options of a gateway: where it listens, its certificate, and its limits.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use muster_gateway::Limits;

use crate::clock;
use crate::options::tls::TlsOptions;
use crate::options::{heading, mebibytes};
use crate::parse;

/// Bytes of a kibibyte.
const KIBIBYTE: usize = 1 << 10;

/// Where a gateway listens, its certificate, and its limits.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::GATEWAY)]
pub(crate) struct GatewayOptions {
    /// Address and port of the gateway; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,

    /// URL by which clients and testers reach the gateway [default: the address on which it listens]
    #[arg(long, value_name = "URL", value_parser = parse::service_url)]
    pub(crate) public_url: Option<Box<str>>,

    /// The certificate.
    #[command(flatten)]
    pub(crate) tls: TlsOptions,

    /// The limits.
    #[command(flatten)]
    pub(crate) limits: GatewayLimits,
}

/// The limits of a gateway; what is not chosen is as the service needs it.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = heading::GATEWAY)]
pub(crate) struct GatewayLimits {
    /// Connections of clients and testers in all [default: 256]
    #[arg(long, value_name = "COUNT")]
    max_connections: Option<usize>,

    /// Connections of one agreement [default: 64]
    #[arg(long, value_name = "COUNT")]
    max_agreement_connections: Option<usize>,

    /// Connections of one key of an agreement [default: 16]
    #[arg(long, value_name = "COUNT")]
    max_key_connections: Option<usize>,

    /// Connections on which no token was shown yet [default: 256]
    #[arg(long, value_name = "COUNT")]
    max_new_connections: Option<usize>,

    /// Requests of one key in a second [default: 100, and 1000 for jobs]
    #[arg(long, value_name = "COUNT")]
    max_request_rate: Option<NonZeroU32>,

    /// Kibibytes of the head of a request, 8 at least [default: 16]
    #[arg(long, value_name = "KIB", value_parser = clap::value_parser!(u16).range(8..))]
    max_request_head: Option<u16>,

    /// Mebibytes of the body of a request [default: 64, and --job-space for jobs]
    #[arg(long, value_name = "MIB")]
    max_request_body: Option<u64>,

    /// Time for a handshake and for the head of a request, and between two requests [default: 15s]
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds)]
    head_timeout: Option<u64>,

    /// Time to connect to the service [default: 2s]
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds)]
    connect_timeout: Option<u64>,

    /// Time for the head of the service's answer, after the last byte of the request [default: 5m]
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds)]
    response_timeout: Option<u64>,

    /// Time without a byte after which a connection ends [default: 10m, and twice --response-timeout at least]
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds)]
    idle_timeout: Option<u64>,

    /// Time for answers under way when the gateway stops [default: 10s]
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds)]
    stop_timeout: Option<u64>,
}

impl GatewayLimits {
    /// These limits, and for the rest `defaults`.
    pub(crate) fn or(self, defaults: Limits) -> Limits {
        let time = |seconds: Option<u64>, default| seconds.map_or(default, Duration::from_secs);
        let response_timeout = time(self.response_timeout, defaults.response_timeout);
        let head = |kibibytes: u16| usize::from(kibibytes).saturating_mul(KIBIBYTE);
        Limits {
            connections: self.max_connections.unwrap_or(defaults.connections),
            connections_per_agreement: self
                .max_agreement_connections
                .unwrap_or(defaults.connections_per_agreement),
            connections_per_key: self.max_key_connections.unwrap_or(defaults.connections_per_key),
            unauthenticated_connections: self
                .max_new_connections
                .unwrap_or(defaults.unauthenticated_connections),
            requests_per_second: self.max_request_rate.unwrap_or(defaults.requests_per_second),
            header_bytes: self.max_request_head.map_or(defaults.header_bytes, head),
            body_bytes: self.max_request_body.map_or(defaults.body_bytes, mebibytes),
            header_timeout: time(self.head_timeout, defaults.header_timeout),
            connect_timeout: time(self.connect_timeout, defaults.connect_timeout),
            response_timeout,
            // A connection that waits for an answer is not idle.
            idle_timeout: time(self.idle_timeout, defaults.idle_timeout)
                .max(response_timeout.saturating_mul(2)),
            reauthorize_interval: defaults.reauthorize_interval,
            shutdown_timeout: time(self.stop_timeout, defaults.shutdown_timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;

    /// The limits that a command line gives.
    fn limits(line: &str) -> Limits {
        let command = GatewayOptions::augment_args(Command::new("gateway").no_binary_name(true));
        let matches = command.try_get_matches_from(line.split_whitespace()).unwrap();
        GatewayOptions::from_arg_matches(&matches).unwrap().limits.or(Limits::default())
    }

    #[test]
    fn every_limit_has_a_flag_and_a_default() {
        let (chosen, default) = (
            limits(
                "--max-connections 1 --max-agreement-connections 2 --max-key-connections 3 --max-new-connections 4 \
                 --max-request-rate 5 --max-request-head 9 --max-request-body 7 --head-timeout 8 --connect-timeout 9 \
                 --response-timeout 10 --idle-timeout 21 --stop-timeout 12",
            ),
            limits(""),
        );
        let expected = Limits {
            connections: 1,
            connections_per_agreement: 2,
            connections_per_key: 3,
            unauthenticated_connections: 4,
            requests_per_second: NonZeroU32::new(5).unwrap(),
            header_bytes: 9 << 10,
            body_bytes: 7 << 20,
            header_timeout: Duration::from_secs(8),
            connect_timeout: Duration::from_secs(9),
            response_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(21),
            shutdown_timeout: Duration::from_secs(12),
            ..Limits::default()
        };
        assert_eq!(format!("{chosen:?}"), format!("{expected:?}"));
        assert_eq!(format!("{default:?}"), format!("{:?}", Limits::default()));
    }

    #[test]
    fn a_connection_that_waits_for_an_answer_is_not_idle() {
        assert_eq!(limits("--response-timeout 1h").idle_timeout, Duration::from_hours(2));
        let chosen = limits("--response-timeout 1m --idle-timeout 1m");
        assert_eq!(chosen.idle_timeout, Duration::from_mins(2));
    }
}
