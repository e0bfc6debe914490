//! Bindings that ethers generates for the counter and for `ArbWasm`.

use ethers::contract::abigen;

abigen!(
    Counter,
    r#"[
        event Added(address indexed by, uint256 amount, uint256 total)
        error TooMuch(uint256 amount, uint256 limit)
        function number() external view returns (uint256)
        function add(uint256 amount) external returns (uint256 total)
    ]"#;

    ArbWasm,
    r#"[
        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version)
        error ProgramNotActivated()
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee)
        function programVersion(address program) external view returns (uint16 version)
    ]"#;
);
