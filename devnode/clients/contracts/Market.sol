// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// Price and workers of an order; it can be bought if `reason` is 0.
struct Quote {
    uint8 reason;
    uint128 price;
    uint32 start;
    uint8 windows;
    uint8 testers;
    address[] workers;
}

/// The functions of a market's dispatcher that a buying contract needs.
interface Market {
    event WorkerRegistered(
        address indexed worker, uint32 number, bytes8 indexed application, bytes32 key, uint128 stake
    );
    event ContractBought(address indexed agreement, address indexed client, uint128 escrow, address[] workers);
    event PurchaseRefused(address indexed client, uint8 reason, uint128 required, uint128 sent);

    error AlreadyRegistered(address account);

    function workerCount() external view returns (uint32);
    function agreement() external view returns (address);
    function isAgreement(address account) external view returns (bool);
    function tick() external view returns (uint64);
    function quote(uint256 redundancy, uint256 length) external view returns (Quote memory);
    function registerWorker(
        uint128 price,
        uint32 maxLength,
        bytes8 application,
        uint16 uptime,
        bytes32 key,
        uint16 capacity,
        uint32 hint
    ) external payable returns (uint32 number);
    function buyContract(uint256 redundancy, uint256 length) external payable returns (address agreement);
}

/// The functions of an agreement that its client reads first.
interface Agreement {
    function client() external view returns (address);
    function workers() external view returns (address[] memory);
}
