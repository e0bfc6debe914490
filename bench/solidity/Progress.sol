// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {U32, U40, field, load} from "./Words.sol";

// Storage of an agreement: its progress in one word, and one or two words for each tester's report. Rust:
// agreement/src/state.rs.

// Slot of the progress.
uint256 constant PROGRESS = 0;
// Slots of the reports, by the tester's place and the word of its report.
uint256 constant REPORTS = 1 << 248;

/// Slot of a word of the report of the tester at `place`.
function reportSlot(uint256 place, uint256 word) pure returns (uint256) {
    return REPORTS | (place << 32) | word;
}

/// Layout of a report: one lane for each worker. With up to 16 windows a lane has 32 bits and all workers share one
/// word; with more it has 64. The bits of windows served are below the bits of windows checked.
type ReportLayout is bool;

using ReportLayouts for ReportLayout global;

library ReportLayouts {
    function of_(uint256 windows) internal pure returns (ReportLayout) {
        return ReportLayout.wrap(windows > 16);
    }

    function isWide(ReportLayout self) internal pure returns (bool) {
        return ReportLayout.unwrap(self);
    }

    /// Which word the lane of worker `index` is in.
    function word(ReportLayout self, uint256 index) internal pure returns (uint256) {
        return isWide(self) ? index >> 2 : 0;
    }

    /// The bit at which the lane of worker `index` begins in its word.
    function start(ReportLayout self, uint256 index) internal pure returns (uint256) {
        return isWide(self) ? (index & 3) << 6 : index << 5;
    }

    /// How many bits the windows checked are above the windows served.
    function half(ReportLayout self) internal pure returns (uint256) {
        return isWide(self) ? 32 : 16;
    }
}

/// The progress of an agreement.
type Progress is uint256;

using Steps for Progress global;

library Steps {
    uint256 internal constant SETTLED = 1;
    uint256 internal constant VOID = 2;

    function read() internal view returns (Progress) {
        return Progress.wrap(load(PROGRESS));
    }

    /// Tick of the first accept; 0 = none yet.
    function start(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 0, U40);
    }

    function seed(Progress self) internal pure returns (bytes16) {
        return bytes16(uint128(Progress.unwrap(self) >> 40));
    }

    /// Who accepted: bit i stands for worker i.
    function accepted(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 168, 0xff);
    }

    function hasAccepted(Progress self, uint256 index) internal pure returns (bool) {
        return (accepted(self) >> index) & 1 == 1;
    }

    /// 0 = open, else settled or void.
    function closed(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 176, 0xff);
    }

    /// Windows that are judged since the client cancelled; 0 = all.
    function shortened(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 184, 0xff);
    }

    /// Who resigned: 5 bits for each worker, 0 = stays, else its finished windows + 1.
    function resigned(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 192, U40);
    }

    function resignedAfter(Progress self, uint256 index) internal pure returns (uint256) {
        unchecked {
            return field(resigned(self), 5 * index, 31);
        }
    }

    function withStart(Progress self, uint256 tick, bytes16 seed_) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | tick | (uint256(uint128(seed_)) << 40));
    }

    function withAccepted(Progress self, uint256 index) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | (1 << (168 + index)));
    }

    function withClosed(Progress self, uint256 kind) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | (kind << 176));
    }

    function withShortened(Progress self, uint256 windows) internal pure returns (Progress) {
        return Progress.wrap((Progress.unwrap(self) & ~(uint256(0xff) << 184)) | (windows << 184));
    }

    function withResigned(Progress self, uint256 index, uint256 windows) internal pure returns (Progress) {
        unchecked {
            return Progress.wrap(Progress.unwrap(self) | ((windows + 1) << (192 + 5 * index)));
        }
    }
}
