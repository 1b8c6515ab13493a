# SPDX-License-Identifier: Apache-2.0
sluice_cold(status.cc status_text.cc)
add_library(sluice_cli_status STATIC status.cc status_text.cc)
target_link_libraries(sluice_cli_status
  PUBLIC CLI11::CLI11
  PRIVATE sluice_flags sluice_control_rpc sluice_packet nlohmann_json::nlohmann_json)
