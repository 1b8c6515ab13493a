# SPDX-License-Identifier: Apache-2.0
# sluice-dataplane, where DPDK, systemd and libcap-ng are there. Links hs_runtime only: it cannot compile a rule.
if(TARGET sluice_appliance AND TARGET PkgConfig::SYSTEMD AND TARGET PkgConfig::CAPNG)
  sluice_cold(main.cc requests.cc)
  add_executable(sluice-dataplane main.cc requests.cc)
  target_link_libraries(sluice-dataplane PRIVATE sluice_flags sluice_appliance sluice_control_config sluice_control_rpc
    sluice_platform_privileges sluice_platform_service CLI11::CLI11 Threads::Threads)
  target_compile_definitions(sluice-dataplane PRIVATE SLUICE_VERSION="${PROJECT_VERSION}")
  install(TARGETS sluice-dataplane RUNTIME)
endif()
