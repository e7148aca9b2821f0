// Everything that scripts add to the pages. Without it, the same links and forms load whole pages.
import "./drafts.js";
import "./forms.js";
import "./jobs.js";
