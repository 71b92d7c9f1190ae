// All journeys, in the order they are made. Each begins as the signed-in owner; only the first is needed by the others, and the two
// about one's account belong together.
import { appearance, forgotten, ownAccount, signingIn } from "./account.mjs";
import { notFound, refusedForms, tooMany } from "./dead_ends.mjs";
import { connectors } from "./connectors.mjs";
import { destinations } from "./destinations.mjs";
import { extraction, refusal, testing } from "./extraction.mjs";
import { extractionEngine } from "./extraction_engine.mjs";
import { faults } from "./faults.mjs";
import { firstRun } from "./first_run.mjs";
import { advertising, httpApi } from "./forms.mjs";
import { handOver } from "./hand_over.mjs";
import { approvals, inviteLinks, invitedSignIn } from "./invite_links.mjs";
import { endings, list, rename } from "./links.mjs";
import { oddNames } from "./odd_names.mjs";
import { outputLayers } from "./output_layers.mjs";
import { callback, docs, endpoints } from "./programs.mjs";
import { askedAgain, forgotten as forgottenMember, keptForm, twoAtOneField } from "./people.mjs";
import { recipientSignIn } from "./recipient_sign_in.mjs";
import { signInProvider } from "./sign_in_provider.mjs";
import { apiKeys, members, workspace } from "./workspace.mjs";

export const journeys = [
  ["first run", firstRun],
  ["faults", faults],
  ["hand over", handOver],
  ["testing", testing],
  ["refusal", refusal],
  ["extraction", extraction],
  ["advertising", advertising],
  ["http api", httpApi],
  ["endings", endings],
  ["list", list],
  ["rename", rename],
  ["invite links", inviteLinks],
  ["approvals", approvals],
  ["signing in", signingIn],
  ["own account", ownAccount],
  ["appearance", appearance],
  ["forgotten password", forgotten],
  ["workspace", workspace],
  ["members", members],
  ["asked again", askedAgain],
  ["two at one field", twoAtOneField],
  ["kept form", keptForm],
  ["recipient signs in", recipientSignIn],
  ["invited sign-in", invitedSignIn],
  ["sign-in provider", signInProvider],
  // A second workspace comes up in it, and its people sign in with passwords.
  ["forgotten member", forgottenMember],
  ["api keys", apiKeys],
  ["webhook endpoints", endpoints],
  ["callback webhook", callback],
  ["output layers", outputLayers],
  ["destinations", destinations],
  ["extraction engine", extractionEngine],
  ["connectors", connectors],
  ["docs", docs],
  ["not found", notFound],
  ["refused forms", refusedForms],
  ["too many", tooMany],
  ["odd names", oddNames],
];
