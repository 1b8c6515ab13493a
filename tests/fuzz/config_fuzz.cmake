# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(config_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/config_fuzz.cc DEPS sluice_control_config sluice_control_rpc)
