# SPDX-License-Identifier: Apache-2.0
if(TARGET sluice_io_dpdk)
  add_subdirectory(dpdk)
endif()
