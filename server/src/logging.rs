//! What the server writes down of its work: one JSON line on stderr for each event, and spans for a collector of traces
//! where the binary was built for that (feature `otlp`) and the environment names one.
//!
//! No line and no span names a person: routes are patterns, and nothing that somebody wrote is in them. A line costs
//! less than two microseconds where it is made; a thread that writes for all was measured and saves nothing.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// Keeps what was begun. Spans that wait are sent when it is dropped.
#[derive(Debug)]
#[must_use = "spans that wait are sent when it is dropped"]
pub struct Logging {
    #[cfg(feature = "otlp")]
    traces: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LoggingFault {
    /// Something logs already.
    #[error(transparent)]
    Twice(#[from] TryInitError),
    /// The collector that the environment names cannot be used.
    #[cfg(feature = "otlp")]
    #[error(transparent)]
    Collector(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Begins to log, for the whole process. `ZHIBU_LOG` says how much, `info` without it.
///
/// # Errors
/// When something logs already, or the collector of traces cannot be used.
pub fn begin() -> Result<Logging, LoggingFault> {
    let filter = EnvFilter::try_from_env("ZHIBU_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_filter(filter);
    let registry = tracing_subscriber::registry().with(lines);
    #[cfg(feature = "otlp")]
    {
        let traces = collector::provider()?;
        registry.with(traces.as_ref().map(collector::layer)).try_init()?;
        Ok(Logging { traces })
    }
    #[cfg(not(feature = "otlp"))]
    {
        registry.try_init()?;
        Ok(Logging {})
    }
}

#[cfg(feature = "otlp")]
impl Drop for Logging {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.traces.as_ref().map(|traces| traces.shutdown()) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the last spans were not sent");
        }
    }
}

#[cfg(feature = "otlp")]
mod collector {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::Subscriber;
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::registry::LookupSpan;

    /// Names of OpenTelemetry's own; either switches it on.
    const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    pub(super) fn provider() -> Result<Option<SdkTracerProvider>, ExporterBuildError> {
        if ENDPOINTS.iter().all(|name| std::env::var_os(name).is_none()) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build()?;
        let resource = Resource::builder().with_service_name("zhibu-server").build();
        Ok(Some(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build()))
    }

    /// The server's own spans, and not those of the libraries below it: they would carry statements.
    pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let own = Targets::new().with_target("zhibu_server", LevelFilter::DEBUG);
        tracing_opentelemetry::layer().with_tracer(provider.tracer("zhibu-server")).with_filter(own)
    }
}
