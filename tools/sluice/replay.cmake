# SPDX-License-Identifier: Apache-2.0
add_library(sluice_cli_replay STATIC replay.cc replay_report.cc replay_rules.cc)
target_link_libraries(sluice_cli_replay
  PUBLIC CLI11::CLI11
  PRIVATE sluice_flags sluice_cli sluice_pipeline sluice_worker sluice_site sluice_io_pcap sluice_export sluice_control_config sluice_sig_compile sluice_sig_bundle
          nlohmann_json::nlohmann_json)
