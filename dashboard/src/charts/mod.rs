//! Charts as SVG, drawn by integers. Colours are classes of the style sheet, so that a chart is right in light and dark; all that
//! a chart shows is in a table beside it as well.

mod depth;
mod flow;
mod frame;
mod heat_map;
mod scale;
mod series;
mod timeline;

pub(crate) use self::depth::depth_chart;
pub(crate) use self::flow::{Flow, flow_chart};
pub(crate) use self::heat_map::heat_map;
pub(crate) use self::series::{bar_chart, line_chart, range_chart};
pub(crate) use self::timeline::{Moment, timeline};
