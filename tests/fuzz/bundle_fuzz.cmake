# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(bundle_fuzz SOURCES bundle_fuzz.cc DEPS sluice_bundle_test_support)
