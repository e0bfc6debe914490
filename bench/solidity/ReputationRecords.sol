// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Credits} from "./Credits.sol";
import {Reputation} from "./Reputation.sol";
import {Accounts, Record, Records} from "./State.sol";
import {less} from "./Words.sol";

/// Reputations in storage: reads them decayed to now and adds the weight of settled agreements. Rust:
/// dispatcher/src/reputation.rs.
abstract contract ReputationRecords is Credits {
    /// The weights of a worker, decayed to now.
    function _weights(uint256 number) internal view returns (uint256 good, uint256 bad) {
        Record record = Records.read(number);
        uint256 age = less(block.timestamp, record.updated());
        return (Reputation.decayed(record.good(), age), Reputation.decayed(record.bad(), age));
    }

    function _score(uint256 number) internal view returns (uint256) {
        (uint256 good, uint256 bad) = _weights(number);
        return Reputation.score(good, bad);
    }

    /// Adds weight to the reputation of a worker.
    function _addWeight(address worker, uint256 number, uint256 good, uint256 bad) internal {
        if (good | bad == 0) return;
        (uint256 wasGood, uint256 wasBad) = _weights(number);
        good = Reputation.sum(wasGood, good);
        bad = Reputation.sum(wasBad, bad);
        Records.write(number, good, bad);
        emit ReputationChanged(worker, uint64(good), uint64(bad));
    }

    function reputation(address account)
        external
        view
        returns (uint16 score, uint64 good, uint64 bad, uint64 updated)
    {
        uint256 number = Accounts.read(account).number();
        if (number == 0) revert NotRegistered(account);
        Record record = Records.read(number);
        (good, bad, updated) = (uint64(record.good()), uint64(record.bad()), uint64(record.updated()));
        score = uint16(_score(number));
    }
}
