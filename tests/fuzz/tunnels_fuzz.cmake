# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(tunnels_fuzz SOURCES tunnels_fuzz.cc DEPS sluice_pipeline sluice_test_support sluice_test_rules)
