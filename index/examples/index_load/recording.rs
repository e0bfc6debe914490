//! A file of batches, line by line: `B number hash time` is a block, `T address terms` the terms of an agreement, `E block index
//! transaction contract topics data` an event, and `.` the end of a batch.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Lines, Write};
use std::path::Path;

use alloy::hex;
use alloy::primitives::{Address, B256, IntoLogData};
use alloy::sol_types::SolEventInterface;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents;
use muster_client::protocol::layout::{MAX_TERMS, Terms};
use muster_client::{EventRecord, MarketEvent};
use muster_index::{Batch, Block};

use crate::AnyError;
use crate::generator::{Accounts, MarketGenerator};

/// Writes batches with so many events in all.
pub(crate) fn write(
    path: &Path,
    accounts: Accounts,
    batch: usize,
    events: usize,
) -> Result<(), AnyError> {
    let mut out = BufWriter::new(File::create(path)?);
    let (mut market, mut written) = (MarketGenerator::new(accounts), 0_usize);
    while written < events {
        let batch = market.batch(batch.min(events.saturating_sub(written)));
        for Block { number, hash, time } in &batch.blocks {
            writeln!(out, "B {number} {hash} {time}")?;
        }
        for (address, terms) in &batch.terms {
            let mut bytes = [0; MAX_TERMS];
            let length = terms.encode(&mut bytes);
            writeln!(out, "T {address} {}", hex::encode(bytes.get(..length).unwrap_or_default()))?;
        }
        for record in &batch.events {
            let (contract, log) = match &record.event {
                MarketEvent::Dispatcher(event) => (Address::ZERO, event.to_log_data()),
                MarketEvent::Agreement(contract, event) => (*contract, event.to_log_data()),
            };
            let topics: Vec<u8> = log.topics().iter().flat_map(|topic| topic.0).collect();
            let (topics, data) = (hex::encode(topics), hex::encode(&log.data));
            let EventRecord { block, log_index, transaction, .. } = record;
            writeln!(out, "E {block} {log_index} {transaction} {contract} {topics} {data}")?;
        }
        writeln!(out, ".")?;
        written = written.saturating_add(batch.events.len());
    }
    Ok(out.flush()?)
}

/// The batches of a file.
pub(crate) struct Batches(Lines<BufReader<File>>);

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Batches, AnyError> {
    Ok(Batches(BufReader::with_capacity(1 << 20, File::open(path)?).lines()))
}

impl Iterator for Batches {
    type Item = Result<Batch, AnyError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch = Batch::default();
        loop {
            let line = match self.0.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error.into())),
            };
            if line == "." {
                batch.from = batch.blocks.first().map_or(0, |block| block.number);
                batch.tip = batch.head().map_or(0, |block| block.number);
                return Some(Ok(batch));
            }
            if let Err(error) = add(&mut batch, &line) {
                return Some(Err(format!("{error}: {line}").into()));
            }
        }
    }
}

/// Adds a line to a batch.
fn add(batch: &mut Batch, line: &str) -> Result<(), AnyError> {
    let fields: Vec<_> = line.split(' ').collect();
    match fields.as_slice() {
        ["B", number, hash, time] => {
            let (number, hash, time) = (number.parse()?, hash.parse()?, time.parse()?);
            batch.blocks.push(Block { number, hash, time });
        }
        ["T", address, terms] => {
            let terms = Terms::decode(&hex::decode(terms)?).ok_or("no terms")?;
            batch.terms.insert(address.parse()?, terms);
        }
        ["E", block, log_index, transaction, contract, topics, data] => {
            let contract: Address = contract.parse()?;
            let (topics, data) = (hex::decode(topics)?, hex::decode(data)?);
            let topics: Vec<_> =
                topics.as_chunks::<32>().0.iter().map(|topic| B256::from(*topic)).collect();
            let event = if contract.is_zero() {
                MarketEvent::Dispatcher(IWorkerDispatcherEvents::decode_raw_log(&topics, &data)?)
            } else {
                let event = IWorkAgreementEvents::decode_raw_log(&topics, &data)?;
                MarketEvent::Agreement(contract, event)
            };
            batch.events.push(EventRecord {
                event,
                block: block.parse()?,
                log_index: log_index.parse()?,
                transaction: transaction.parse()?,
            });
        }
        _ => return Err("no block, terms or event".into()),
    }
    Ok(())
}
