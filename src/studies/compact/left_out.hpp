#pragma once

/// @file
/// Fits of a study to records that are too few to be divided: one model of all of them, and one
/// without each, from which the errors come.

#include <filesystem>
#include <string>

#include "fit/selection.hpp"
#include "run/folder.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// The folder of the fit without the record `part` in that of a fit, counted from 1.
std::filesystem::path part_folder(const std::filesystem::path& fit, int part);

/// Trains all models of `outcome` with fit::leave_one_out(); says in it how that went.
void train_left_out(const Dataset& dataset,
                    const fit::SelectionRequest& request,
                    FitOutcome& outcome);

/// Takes the models that `fingerprint` describes from the folder `fit` of `run`; false where one is
/// missing.
bool take_left_out(const std::filesystem::path& fit,
                   const std::string& fingerprint,
                   std::size_t parts,
                   RunFolder& run,
                   FitOutcome& outcome);

/// Writes the models of the left-out records, with the fingerprint of the model of all.
void save_left_out(const std::filesystem::path& fit, RunFolder& run, FitOutcome& outcome);

/// Predicts and judges every record by the model that has not seen it, and writes the predictions.
void judge_left_out(const SourcedData& data,
                    const std::filesystem::path& fit,
                    RunFolder& run,
                    FitOutcome& outcome);

}  // namespace psi_xlstm
